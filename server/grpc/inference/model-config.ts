import {
  beginMessage,
  endMessage,
  type Writer,
  writeBoolField,
  writeIntegerField,
  writePackedIntegers,
  writeStringField,
} from "../wire/writer.ts";
import { configTypes, type ModelConfig, type ModelConfigTensor } from "../../protocol/v2/model-config.ts";

/** ModelConfigResponse. */
export function writeModelConfig(writer: Writer, config: ModelConfig): void {
  const begun = beginMessage(writer, 1);
  writeStringField(writer, 1, config.name);
  writeStringField(writer, 2, config.platform);
  writeIntegerField(writer, 4, config.max_batch_size);
  for (const tensor of config.input) writeTensor(writer, 5, 4, tensor);
  for (const tensor of config.output) writeTensor(writer, 6, 3, tensor);
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
