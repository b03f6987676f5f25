/* Very long messages are shown folded: what is very long? */

const LETTERS = 1_400;
const LINES = 22;

export function isLong(text: string): boolean {
    if (text.length > LETTERS) return true;
    let lines = 1;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
    return lines > LINES;
}
