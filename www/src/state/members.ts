/* What may be done about a member of a group, as the server has it. */
import type { Role, RoomEvent } from '../protocol/types';

/* member and admin: the role to give. */
export type Act = 'message' | 'admin' | 'member' | 'handOver' | 'remove';

/* theirs: the role of the member it is about (not I); mine: my own. */
export function actsOn(theirs: Role, mine: Role | undefined): Act[] {
    const owner = mine === 'owner';
    const acts: Act[] = ['message'];
    if (owner) acts.push(theirs === 'admin' ? 'member' : 'admin', 'handOver');
    if (owner || (mine === 'admin' && theirs === 'member')) acts.push('remove');
    return acts;
}

const LOOK_MOST = 100;

/* Whether the events of a room behind before, up to seq, may have changed who is in it or
 * as what: all of them count, also those that came at once, and those nobody has here. */
export function membersMoved(
    before: number,
    seq: number,
    get: (seq: number) => RoomEvent | undefined,
): boolean {
    if (seq - before > LOOK_MOST) return true;
    for (let one = before + 1; one <= seq; one++) {
        if (get(one)?.ev !== 'message') return true;
    }
    return false;
}
