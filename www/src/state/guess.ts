/* How high a row of a conversation will be, before it was ever drawn: only roughly, in
 * CSS pixels. */
import type { Row } from './timeline';

const LINE = 21;
const LETTER = 7.4;

function lines(text: string, perLine: number): number {
    let count = 0;
    for (const line of text.split('\n', 60))
        count += Math.max(1, Math.ceil(line.length / perLine));
    return count;
}

export function guessHeight(row: Row, width: number): number {
    if (row.type === 'day') return 46;
    if (row.type === 'unread') return 46;
    if (row.type === 'gap') return 76;
    if (row.type === 'note') return 32;
    const bubble = Math.min(0.78 * Math.min(width, 860), 560) - 80;
    const text = Math.min(lines(row.body, Math.max(10, bubble / LETTER)), 18);
    return (
        text * LINE +
        14 +
        (row.first ? 8 : 2) +
        (row.reply === undefined ? 0 : 50) +
        (row.named && !row.own ? 20 : 0)
    );
}
