/**
 * The hidden field by which a form proves that it is the gateway's own.
 *
 * @module
 */

/** Goes into every form that changes something. */
export function CsrfField({ token }: { readonly token: string }) {
  return <input type="hidden" name="csrf" value={token} />;
}
