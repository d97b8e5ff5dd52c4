/** Dead peers are found by TCP, as idle connections are kept for long. */
export const tcpKeepAliveMilliseconds = 60_000;
