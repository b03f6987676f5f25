/* Light formatting of messages: bold, italic, struck, code, quotes, lists, links.
 * Loaded when the first message needs it (see rich.ts). */
import DOMPurify, { type Config } from 'dompurify';
import markdownIt, { type MarkdownIt, type StateInline } from 'markdown-it';
import { ADDRESS } from './format';
import { policy } from './trusted';

const REMEMBER = 300;

/* Web addresses become links as in plain text; what looks like formatting in them
 * does not count. */
function address(state: StateInline, silent: boolean): boolean {
    if (state.src[state.pos] !== ':' || state.linkLevel > 0) return false;
    const scheme = /https?$/.exec(state.pending)?.[0];
    if (!scheme) return false;
    const start = state.pos - scheme.length;
    const url = ADDRESS.exec(state.src.slice(start, state.posMax));
    if (!url || url.index !== 0) return false;
    if (!silent) {
        state.pending = state.pending.slice(0, -scheme.length);
        state.push('link_open', 'a', 1).attrs = [['href', url[0]]];
        state.push('text', '', 0).content = url[0];
        state.push('link_close', 'a', -1);
    }
    state.pos = start + url[0].length;
    return true;
}

function parser(): MarkdownIt {
    const md = markdownIt('zero', { breaks: true, maxNesting: 12 });
    md.enable(['emphasis', 'strikethrough', 'backticks', 'newline']);
    md.enable(['fence', 'blockquote', 'list']);
    md.inline.ruler.before('backticks', 'address', address);
    /* A star within a word is a star: 2*3*4. */
    md.inline.State = class extends md.inline.State {
        override scanDelims(start: number) {
            return super.scanDelims(start, false);
        }
    };
    md.renderer.rules['softbreak'] = () => '<br>';
    return md;
}

const md = parser();

const ALLOWED: Config = {
    ALLOWED_TAGS: [
        ...['p', 'br', 'strong', 'em', 's', 'a'],
        ...['code', 'pre', 'blockquote', 'ul', 'ol', 'li'],
    ],
    ALLOWED_ATTR: ['href', 'start'],
    ALLOWED_URI_REGEXP: /^https?:\/\//i,
    ALLOW_ARIA_ATTR: false,
    ALLOW_DATA_ATTR: false,
    RETURN_DOM_FRAGMENT: true,
    ...(policy ? { TRUSTED_TYPES_POLICY: policy as unknown as TrustedTypePolicy } : {}),
};

type TrustedTypePolicy = NonNullable<Config['TRUSTED_TYPES_POLICY']>;

/* A block of code gets a frame with a place for its button. */
function frame(pre: HTMLElement): void {
    const box = document.createElement('div');
    const button = document.createElement('button');
    box.className = 'code';
    button.type = 'button';
    button.className = 'copy-code';
    pre.tabIndex = 0; /* long lines are moved with the arrow keys */
    pre.dir = 'ltr';
    pre.replaceWith(box);
    box.append(pre, button);
}

function build(text: string): DocumentFragment {
    const clean = DOMPurify.sanitize(md.render(text), ALLOWED) as unknown;
    const fragment = clean as DocumentFragment;
    for (const link of fragment.querySelectorAll('a')) {
        link.target = '_blank';
        link.rel = 'noopener noreferrer';
    }
    for (const block of fragment.querySelectorAll<HTMLElement>('p, li, blockquote'))
        block.dir = 'auto';
    for (const pre of fragment.querySelectorAll('pre')) frame(pre);
    return fragment;
}

const known = new Map<string, DocumentFragment>();

/* The text as nodes to be put into the page: the caller's. */
export function format(text: string): DocumentFragment {
    let found = known.get(text);
    if (!found) {
        found = build(text);
        if (known.size >= REMEMBER) known.delete(known.keys().next().value!);
        known.set(text, found);
    }
    return found.cloneNode(true) as DocumentFragment;
}

/* For tests: what the parser makes of a text before it is cleaned. */
export function render(text: string): string {
    return md.render(text);
}
