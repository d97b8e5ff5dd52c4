/** Memory that is reserved, until it is given back: once. */
export interface Ticket {
  readonly give: () => void;
}
