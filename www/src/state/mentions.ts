/* A mention is “@name” in a message: the server knows nothing of it. */

/* Whether a text mentions the user of that name: not in the middle of a word or an
 * address, and not at the beginning of a longer name. */
export function mentioning(name: string): (text: string) => boolean {
    const quoted = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const pattern = new RegExp(
        `(?<![\\p{L}\\p{N}_.@-])@${quoted}(?![\\p{L}\\p{N}_]|[.@-]+[\\p{L}\\p{N}_])`,
        'iu',
    );
    return (text) => pattern.test(text);
}
