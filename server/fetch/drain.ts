/** Reads something to its end for the sake of what may go wrong on the way. */
export async function drain(content: AsyncIterable<unknown>): Promise<void> {
  for await (const piece of content) void piece;
}
