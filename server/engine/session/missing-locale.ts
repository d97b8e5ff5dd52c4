/** What the server's image has: the base's own, and the one that images/stage.ts adds for this. */
export const imageLocales: readonly string[] = ["en_US.UTF-8", "C.UTF-8"];

/**
 * ONNX Runtime changes the case of strings (operator StringNormalizer) by a locale of the system and loads no model
 * whose locale is missing. It advises a package that does not exist ("language-pack-XX"); undefined: that is not it.
 */
export function explainMissingLocale(raw: string): string | undefined {
  const locale = lacking.exec(raw)?.groups?.["locale"]?.slice(0, localeCharacters);
  if (locale === undefined) return undefined;
  const missing = `The model changes the case of text by the locale ${JSON.stringify(locale)} (operator StringNormalizer), which is not installed where it was loaded.`;
  const install = installing(locale);
  if (imageLocales.some((name) => comparable(name) === comparable(locale))) {
    return `${missing} Slipway's server image has it; elsewhere install it${install}.`;
  }
  return `${missing} Slipway's server image has ${imageLocales.join(" and ")}: export the model with one of these, or use an image in which it is installed${install}.`;
}

/** As libstdc++ says it, which the image and Debian have. */
const lacking = /Failed to construct locale with name:(?<locale>.*?):locale::facet/s;
/** No system has a longer name; a model can have any. */
const localeCharacters = 64;

/** The command, where the name is one of language, country and UTF-8: what else there may be is not guessed at. */
function installing(locale: string): string {
  const source = /^(?<source>[a-z]{2,3}_[A-Z]{2}(?:@[a-z]+)?)\.utf-?8$/i.exec(locale)?.groups?.["source"];
  return source === undefined
    ? ""
    : `: localedef -i ${source} -f UTF-8 ${locale}, on Debian after apt-get install locales`;
}

/** glibc takes UTF-8 and utf8 for the same. */
function comparable(locale: string): string {
  return locale.toLowerCase().replaceAll("-", "");
}
