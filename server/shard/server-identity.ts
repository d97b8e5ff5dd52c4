/** What the server says of itself, in every protocol. */
export const serverName = "slipway";
export const serverExtensions: readonly string[] = ["binary_tensor_data", "model_configuration", "statistics"];
/** The `version` of package.json: a test holds them together. */
export const serverVersion = "0.1.0";
