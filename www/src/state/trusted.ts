/* The Trusted Types policy `dompurify`, by which alone strings become HTML or the
 * address of a script here (the server's Content-Security-Policy enforces it). */

interface Policy {
    createHTML(html: string): string;
    createScriptURL(url: string): string;
}

interface Factory {
    createPolicy(name: string, rules: Policy): Policy;
}

const SCRIPTS = new Set(['/sw.js']);

const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;

/* Undefined where the browser knows no Trusted Types. Its createHTML is for DOMPurify
 * only, which asks for it to read what it then cleans. */
export const policy = factory?.createPolicy('dompurify', {
    createHTML: (html) => html,
    createScriptURL: (url) => {
        if (!SCRIPTS.has(url)) throw new TypeError(`no script of ours: ${url}`);
        return url;
    },
});

/* The address of a script of ours, as a browser with Trusted Types wants it. */
export function scriptUrl(url: string): string {
    return policy ? policy.createScriptURL(url) : url;
}
