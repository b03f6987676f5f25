/* Commands as HTTP requests: what happens before there is a WebSocket. */
import { errorFrom, ProtocolError } from './types';

const TIMEOUT = 20_000;

/* POST /api/<op>. Rejects with a ProtocolError; `offline` if nobody answered. */
export async function post<T>(op: string, fields: object = {}): Promise<T> {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), TIMEOUT);
    try {
        const response = await fetch(`/api/${op}`, {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            credentials: 'same-origin',
            cache: 'no-store',
            body: JSON.stringify(fields),
            signal: abort.signal,
        });
        const answer = (await response.json().catch(() => null)) as {
            error?: unknown;
        } | null;
        if (answer?.error) throw errorFrom(answer.error);
        if (!response.ok || !answer) throw new ProtocolError('offline', '');
        return answer as T;
    } catch (e) {
        throw e instanceof ProtocolError ? e : new ProtocolError('offline', String(e));
    } finally {
        clearTimeout(timer);
    }
}
