/** `host[:port][/path]`, as names of images begin. */
export const registryAddress = /^[A-Za-z0-9][-A-Za-z0-9.]*(:[0-9]{1,5})?(\/[a-z0-9]+([-._][a-z0-9]+)*)*$/;
