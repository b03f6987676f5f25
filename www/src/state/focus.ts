/* Where the keyboard is. */

/* Remembers what has the focus; the function that it returns gives it back, unless
 * something else has taken it meanwhile. */
export function rememberFocus(): () => void {
    const before = document.activeElement;
    return () => {
        /* After the page has changed, whoever asked first. */
        setTimeout(() => {
            const now = document.activeElement;
            if (now && now !== document.body) return;
            if (before instanceof HTMLElement && before.isConnected) before.focus();
        });
    };
}
