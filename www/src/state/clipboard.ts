/* Copying also works where the page has no secure origin (plain http). */

function copyOldWay(text: string): boolean {
    const area = document.createElement('textarea');
    area.value = text;
    area.className = 'visually-hidden';
    document.body.append(area);
    area.select();
    const copied = document.execCommand('copy');
    area.remove();
    return copied;
}

export async function copyText(text: string): Promise<boolean> {
    try {
        if (window.isSecureContext) {
            await navigator.clipboard.writeText(text);
            return true;
        }
    } catch {
        /* not permitted: the other way may be */
    }
    return copyOldWay(text);
}
