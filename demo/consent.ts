/** A context of the user's kubeconfig. */
export interface Context {
  readonly name: string;
  readonly server: string;
}

export interface ConsentOptions {
  readonly context: Context;
  /** What will be made, for whoever has to decide. */
  readonly plan: string;
  /** The context that may be used without asking. */
  readonly yesUse: string | undefined;
  /** Shows a question and gives the line that was typed; undefined where nobody can be asked. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
}

/** Returns once a person has said by name which cluster may be used; throws otherwise, before anything was sent to it. */
export async function consent({ context, plan, yesUse, ask }: ConsentOptions): Promise<void> {
  const { name, server } = context;
  if (yesUse !== undefined) {
    if (yesUse === name) return;
    throw new Error(`--yes-use names ${yesUse}, but the current context is ${name} (${server}): nothing was touched`);
  }
  if (ask === undefined) {
    throw new Error(
      `the current context is ${name} (${server}), and without a terminal nobody can be asked whether to use it: ` +
        `say so with --yes-use=${name}. Nothing was touched`,
    );
  }
  const typed = await ask(`${plan}\nType the name of the context, ${name}, to go on: `);
  if (typed.trim() === name) return;
  throw new Error(`${JSON.stringify(typed.trim())} is not ${name}: nothing was touched`);
}
