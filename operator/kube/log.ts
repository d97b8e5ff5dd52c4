/** What this runtime needs of a logger; a pino logger fits as it is. Fields first, then a message for people. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
