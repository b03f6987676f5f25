/* Ids a client makes itself. */

/* 16 random bytes as 32 hex digits. Not randomUUID: plain http has none. */
export function newCid(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}
