/** Memory that a call holds, out of what all requests may hold together. */
export interface Ticket {
  /** False: there is no room for so many bytes more, or the ticket was given back; nothing is taken. */
  readonly take: (bytes: number) => boolean;
  /** Gives back everything, for good. Harmless when called again. */
  readonly give: () => void;
}
