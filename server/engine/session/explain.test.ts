import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { cleanMessage, explainLoadFailure, isOutOfMemory } from "./explain.ts";

/** As onnxruntime-node 1.30 says it. */
const said = {
  notAModel: "Load model from /model/a.onnx failed:Protobuf parsing failed.",
  opset:
    "Load model from /model/a.onnx failed:/onnxruntime_src/onnxruntime/core/graph/model_load_utils.h:46 void onnxruntime::model_load_utils::ValidateOpsetForDomain(const std::unordered_map<std::__cxx11::basic_string<char>, int>&, const onnxruntime::logging::Logger&, bool, const std::string&, int) ONNX Runtime only *guarantees* support for models stamped with official released onnx opset versions. Opset 99 is under development and support for this is limited. Current official support for domain ai.onnx is till opset 26.\n",
  ir: "Load model from /model/a.onnx failed:/onnxruntime_src/onnxruntime/core/graph/model.cc:202 onnxruntime::Model::Model(onnx::ModelProto&&, const onnxruntime::PathString&, const onnxruntime::IOnnxRuntimeOpSchemaRegistryList*, const onnxruntime::logging::Logger&, const onnxruntime::ModelOptions&) Unsupported model IR version: 99, max supported IR version: 13\n",
  external:
    'External data path validation failed for initializer: w. Error: tensorprotoutils.cc:461 ValidateExternalDataPathFromDir External data path does not exist: "/model/deep/w.bin"',
  operator: "Load model from /model/a.onnx failed:Fatal error: com.acme:Foo(-1) is not a registered function/op",
  broadcast:
    "Non-zero status code returned while running Add node. Name:'node_0' Status Message: /onnxruntime_src/onnxruntime/core/providers/cpu/math/element_wise_ops.h:563 void onnxruntime::BroadcastIterator::Init(ptrdiff_t, ptrdiff_t) axis == 1 || axis == largest was false. Attempting to broadcast an axis by a dimension other than 1. 2 by 3\n",
  rank: "Invalid rank for input: x Got: 3 Expected: 4 Please fix either the inputs/outputs or the model.",
  type: "Unexpected input data type. Actual: (tensor(int32)) , expected: (tensor(float))",
  memory:
    "Non-zero status code returned while running ConstantOfShape node. Name:'n' Status Message: /onnxruntime_src/onnxruntime/core/framework/bfc_arena.cc:359 void* onnxruntime::BFCArena::AllocateRawInternal(size_t, bool, onnxruntime::Stream*) Failed to allocate memory for requested buffer of size 4000000000000",
} as const;

describe("what ONNX Runtime says is cut to what a user can act on", () => {
  const table: readonly (readonly [string, string])[] = [
    [said.notAModel, "Protobuf parsing failed."],
    [said.ir, "Unsupported model IR version: 99, max supported IR version: 13"],
    [
      said.external,
      "External data path validation failed for initializer: w. Error: External data path does not exist: a file of the model",
    ],
    [said.operator, "Fatal error: com.acme:Foo(-1) is not a registered function/op"],
    [
      said.broadcast,
      "Add node. Name:'node_0' axis == 1 || axis == largest was false. Attempting to broadcast an axis by a dimension other than 1. 2 by 3",
    ],
    [said.rank, "Invalid rank for input: x Got: 3 Expected: 4"],
    [said.type, said.type],
    [
      said.memory,
      "ConstantOfShape node. Name:'n' Failed to allocate memory for requested buffer of size 4000000000000",
    ],
  ];
  for (const [raw, clean] of table) {
    test(clean.slice(0, 60), () => assert.equal(cleanMessage(raw), clean));
  }

  test("names with slashes are names, whatever they look like", () => {
    const messages: readonly (readonly [string, string])[] = [
      [
        "Non-zero status code returned while running MatMul node. Name:'/encoder/layer.0/attn/MatMul' Status Message: matmul_helper.h:157 Compute MatMul dimension mismatch\n",
        "MatMul node. Name:'/encoder/layer.0/attn/MatMul' MatMul dimension mismatch",
      ],
      [
        'Load model from /model/a.onnx failed:This is an invalid model. In Node, ("/model/layers.0/Add", Add, "", -1) : ("/model/x": tensor(float),"": tensor(int64),) -> ("/model/y": tensor(float),) , Error',
        'This is an invalid model. In Node, ("/model/layers.0/Add", Add, "", -1) : ("/model/x": tensor(float),"": tensor(int64),) -> ("/model/y": tensor(float),) , Error',
      ],
      [
        "Node (/model/layers.0/Reshape) Op (Reshape) [ShapeInferenceError] Dimension could not be inferred",
        "Node (/model/layers.0/Reshape) Op (Reshape) [ShapeInferenceError] Dimension could not be inferred",
      ],
    ];
    for (const [raw, clean] of messages) assert.equal(cleanMessage(raw), clean);
  });

  test("paths are none, whatever they are called", () => {
    const messages: readonly (readonly [string, string])[] = [
      ["Failed to open file: /model/deep/w.bin", "Failed to open file: a file of the model"],
      [
        "std::filesystem error: filesystem error: cannot get file size: No such file or directory [/model/w-1.bin]",
        "std::filesystem error: filesystem error: cannot get file size: No such file or directory [a file of the model]",
      ],
      [
        'External data path escapes model directory. External data path: "/home/me/w.bin"',
        "External data path escapes model directory. External data path: a file of the model",
      ],
      ["Load model /model/a.onnx failed. File doesn't exist", "File doesn't exist"],
      ["Input model path does not exist: C:\\models\\a.onnx", "Input model path does not exist: a file of the model"],
    ];
    for (const [raw, clean] of messages) assert.equal(cleanMessage(raw), clean);
  });

  test("nothing is left of paths and source positions in any of them", () => {
    for (const raw of Object.values(said))
      assert.doesNotMatch(cleanMessage(raw), /\/model|onnxruntime|\.(?:cc|h):\d|::/);
  });

  test("a message of any length stays short", () => {
    assert.ok(cleanMessage("node ".repeat(100_000)).length <= 1024);
  });
});

test("the reason follows from what was said", () => {
  assert.deepEqual(
    Object.fromEntries(
      Object.entries(said)
        .slice(0, 5)
        .map(([key, raw]) => [key, explainLoadFailure(raw).reason]),
    ),
    {
      notAModel: "NotAModel",
      opset: "UnsupportedOpset",
      ir: "UnsupportedOpset",
      external: "TruncatedModel",
      operator: "UnsupportedOpset",
    },
  );
  assert.equal(explainLoadFailure("std::bad_alloc").reason, "OutOfMemory");
});

describe("an operator that is not there is named, with what to do", () => {
  const invalid = 'Load model from /model/a.onnx failed:This is an invalid model. In Node, ("node_0", Foo, "", -1) : ';
  const table: readonly (readonly [string, RegExp])[] = [
    [said.operator, /"Foo" of the domain "com\.acme", which ONNX Runtime does not have\. Export it without custom/],
    [
      `${invalid}("x": tensor(float),) -> ("y": tensor(float),) , Error No Op registered for Foo with domain_version of 17`,
      /"Foo", which ONNX Runtime does not have in opset 17\. Export it without .* newer server image/,
    ],
    [
      `${invalid}("x": tensor(float),) -> ("y": tensor(float),) , Error Op registered for Foo is deprecated in domain_version of 17`,
      /"Foo", which opset 17 has no longer\. Export it/,
    ],
    [
      "Could not find an implementation for Conv(11) node with name '/block/Conv'",
      /"Conv" \(opset 11\) with element types .* Export it with others/,
    ],
  ];
  for (const [raw, message] of table) {
    test(message.source, () => {
      const explained = explainLoadFailure(raw);
      assert.equal(explained.reason, "UnsupportedOpset");
      assert.match(explained.message, message);
    });
  }
});

describe("a locale that is not there is named, with what to do, and without the package that does not exist", () => {
  const lacking = (locale: string): string =>
    `Exception during initialization: /onnxruntime_src/onnxruntime/core/providers/cpu/text/string_normalizer.cc:235 onnxruntime::StringNormalizer::Locale::Locale(const std::string&)::<lambda()> Failed to construct locale with name:${locale}:locale::facet::_S_create_c_locale name not valid:Please, install necessary language-pack-XX and configure locales\n`;
  const start = (locale: string): string =>
    `The model changes the case of text by the locale "${locale}" (operator StringNormalizer), which is not installed where it was loaded.`;
  const others =
    "Slipway's server image has en_US.UTF-8 and C.UTF-8: export the model with one of these, or use an image in which it is installed";
  const table: readonly (readonly [string, string])[] = [
    [
      "en_US.UTF-8",
      "Slipway's server image has it; elsewhere install it: localedef -i en_US -f UTF-8 en_US.UTF-8, on Debian after apt-get install locales.",
    ],
    [
      "en_US.utf8",
      "Slipway's server image has it; elsewhere install it: localedef -i en_US -f UTF-8 en_US.utf8, on Debian after apt-get install locales.",
    ],
    ["C.UTF-8", "Slipway's server image has it; elsewhere install it."],
    [
      "sr_RS@latin.UTF-8",
      `${others}: localedef -i sr_RS@latin -f UTF-8 sr_RS@latin.UTF-8, on Debian after apt-get install locales.`,
    ],
    ["de_DE@euro", `${others}.`],
    ["a:b; rm -r x", `${others}.`],
  ];
  for (const [locale, end] of table) {
    test(locale, () => {
      assert.deepEqual(explainLoadFailure(lacking(locale)), {
        reason: "LoadFailed",
        message: `${start(locale)} ${end}`,
      });
    });
  }

  test("a name of any length is cut", () => {
    assert.ok(explainLoadFailure(lacking("x".repeat(10_000))).message.length < 400);
  });
});

test("want of memory is told from wrong inputs", () => {
  assert.equal(isOutOfMemory(said.memory), true);
  assert.equal(isOutOfMemory("std::bad_alloc"), true);
  assert.equal(isOutOfMemory(said.broadcast), false);
});
