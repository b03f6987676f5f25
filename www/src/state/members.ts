/* What may be done about a member of a group, as the server has it. */
import type { Role } from '../protocol/types';

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
