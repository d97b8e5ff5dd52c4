import {
  beginMessage,
  endMessage,
  type Writer,
  writeBoolField,
  writeIntegerField,
  writePackedIntegers,
  writeStringField,
} from "../wire/writer.ts";
import {
  configTypes,
  instanceKinds,
  type ModelConfig,
  type ModelConfigTensor,
} from "../../protocol/v2/model-config.ts";

/** ModelConfigResponse. */
export function writeModelConfig(writer: Writer, config: ModelConfig): void {
  const begun = beginMessage(writer, 1);
  writeStringField(writer, 1, config.name);
  writeStringField(writer, 2, config.platform);
  writeIntegerField(writer, 4, config.max_batch_size);
  for (const tensor of config.input) writeTensor(writer, 5, 4, tensor);
  for (const tensor of config.output) writeTensor(writer, 6, 3, tensor);
  for (const { kind } of config.instance_group) {
    const group = beginMessage(writer, 7);
    writeIntegerField(writer, 4, instanceKinds[kind]);
    endMessage(writer, group);
  }
  if (config.dynamic_batching !== undefined) {
    const batching = beginMessage(writer, 11);
    writePackedIntegers(writer, 1, config.dynamic_batching.preferred_batch_size);
    endMessage(writer, batching);
  }
  for (const [name, { string_value }] of Object.entries(config.parameters)) {
    const entry = beginMessage(writer, 14);
    writeStringField(writer, 1, name);
    const value = beginMessage(writer, 2);
    writeStringField(writer, 1, string_value);
    endMessage(writer, value);
    endMessage(writer, entry);
  }
  writeStringField(writer, 17, config.backend);
  endMessage(writer, begun);
}

/** ModelInput and ModelOutput are alike but for the number of `dims`. */
function writeTensor(writer: Writer, field: number, dimsField: number, tensor: ModelConfigTensor): void {
  const begun = beginMessage(writer, field);
  writeStringField(writer, 1, tensor.name);
  writeIntegerField(writer, 2, configTypes[tensor.data_type]);
  writePackedIntegers(writer, dimsField, tensor.dims);
  // Of inputs alone.
  writeBoolField(writer, 8, tensor.optional ?? false);
  endMessage(writer, begun);
}
