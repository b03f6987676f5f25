/* What waits to be read, in the page's title and on its icon. */
import { onScopeDispose, watchEffect } from 'vue';
import bird from '../style/bird.svg';

const SIZE = 64;
const ROOM = 40; /* characters of the open chat's name in the title */

export interface Waiting {
    rooms: number; /* with unread messages, not muted */
    mentions: number; /* of me, in them */
}

export function titleOf(app: string, room: string, waiting: Waiting): string {
    const count = waiting.rooms > 0 ? `(${waiting.rooms}) ` : '';
    const mark = waiting.mentions > 0 ? '@ ' : '';
    const letters = Array.from(room);
    const short =
        letters.length > ROOM ? `${letters.slice(0, ROOM - 1).join('')}…` : room;
    return `${mark}${count}${short ? `${short} · ` : ''}${app}`;
}

/* What stands in the dot on the icon: there is room for little. */
export function badgeOf(waiting: Waiting): string {
    if (waiting.mentions > 0) return '@';
    if (waiting.rooms === 0) return '';
    return waiting.rooms > 9 ? '9+' : String(waiting.rooms);
}

function draw(picture: HTMLImageElement, text: string): string | undefined {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = SIZE;
    const pen = canvas.getContext('2d');
    if (!pen) return undefined;
    pen.drawImage(picture, 0, 0, SIZE, SIZE);
    if (text !== '') drawDot(pen, text);
    return canvas.toDataURL('image/png');
}

function drawDot(pen: CanvasRenderingContext2D, text: string): void {
    pen.fillStyle = '#c62f2f';
    pen.strokeStyle = '#fff';
    pen.lineWidth = 4;
    pen.beginPath();
    pen.arc(SIZE - 21, 21, 19, 0, 2 * Math.PI);
    pen.fill();
    pen.stroke();
    pen.fillStyle = '#fff';
    pen.font = `700 ${text.length > 1 ? 22 : 28}px system-ui, sans-serif`;
    pen.textAlign = 'center';
    pen.textBaseline = 'middle';
    pen.fillText(text, SIZE - 21, 22);
}

let picture: Promise<HTMLImageElement> | undefined;

async function loadPicture(): Promise<HTMLImageElement> {
    const image = new Image(SIZE, SIZE);
    image.src = bird;
    await image.decode();
    return image;
}

/* Our bird as a picture that everything can show; '' if it cannot be drawn. */
export async function birdPicture(): Promise<string> {
    try {
        picture ??= loadPicture();
        return draw(await picture, '') ?? '';
    } catch {
        return '';
    }
}

let wanted = '';

async function putIcon(text: string): Promise<void> {
    wanted = text;
    const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
    if (!link) return;
    let href: string | undefined;
    if (text !== '') {
        picture ??= loadPicture();
        href = draw(await picture, text);
    }
    if (wanted !== text) return; /* it changed meanwhile */
    link.type = href ? 'image/png' : 'image/svg+xml';
    link.href = href ?? bird;
    link.dataset['badge'] = text;
}

/* Keeps title and icon true as long as the caller's component lives; the name of the
 * app as it is called now, the open chat ('' for none), and what waits. */
export function showBadges(read: () => [app: string, room: string, Waiting]): void {
    let app = '';
    watchEffect(() => {
        const [name, room, waiting] = read();
        app = name;
        document.title = titleOf(app, room, waiting);
        putIcon(badgeOf(waiting)).catch(() => undefined); /* the title tells it too */
    });
    onScopeDispose(() => {
        document.title = app;
        void putIcon('');
    });
}
