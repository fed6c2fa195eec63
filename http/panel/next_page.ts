/**
 * Where a sign-in leads on to.
 *
 * @module
 */

/** Where nothing else was asked for. */
export const HOME = "/panel/models";

/** A path of these pages to go on to; anything else might lead elsewhere. */
export function nextOf(path: string | undefined): string {
  return path !== undefined && /^\/(?:panel|admin|docs)(?:[/?][\x21-\x7e]*)?$/.test(path) &&
      !path.includes("\\")
    ? path
    : HOME;
}
