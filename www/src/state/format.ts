/* Times and texts as people read them. */
import { i18n } from '../i18n';
import { minute, serverNow } from './clock';

/* Making one takes longer than drawing a message. */
const formatters = new Map<string, Intl.DateTimeFormat>();

/* The reader's own kind of the language, if there is one: en-GB has 24 hours. */
function formatter(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    const language = i18n.global.locale.value;
    const own = navigator.languages.find((tag) => tag.split('-')[0] === language);
    const tag = own ?? language;
    const key = tag + JSON.stringify(options);
    const known = formatters.get(key) ?? new Intl.DateTimeFormat(tag, options);
    formatters.set(key, known);
    return known;
}

function daysAgo(at: number, now: number): number {
    const a = new Date(at).setHours(0, 0, 0, 0);
    const b = new Date(now).setHours(0, 0, 0, 0);
    return Math.round((b - a) / 86_400_000);
}

export function clockTime(at: number): string {
    return formatter({ hour: '2-digit', minute: '2-digit' }).format(at);
}

export function number(n: number): string {
    return new Intl.NumberFormat(i18n.global.locale.value).format(n);
}

/* “1 member”, “1,200 members”. */
export function memberCount(n: number): string {
    return i18n.global.t('chat.members', { n: number(n) }, n);
}

/* For the list: time, then day, then date. */
export function shortTime(at: number, now = serverNow()): string {
    const days = daysAgo(at, now);
    if (days <= 0) return clockTime(at);
    if (days === 1) return i18n.global.t('list.yesterday');
    if (days < 7) return formatter({ weekday: 'short' }).format(at);
    const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
    return sameYear
        ? formatter({ day: 'numeric', month: 'short' }).format(at)
        : formatter({ day: 'numeric', month: 'numeric', year: '2-digit' }).format(at);
}

/* For a separator between days. */
export function dayName(at: number, now = serverNow()): string {
    const days = daysAgo(at, now);
    if (days <= 0) return i18n.global.t('chat.today2');
    if (days === 1) return i18n.global.t('chat.yesterday2');
    const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
    return formatter({
        weekday: 'long',
        day: 'numeric',
        month: 'long',
        ...(sameYear ? {} : { year: 'numeric' as const }),
    }).format(at);
}

/* “just now”, “5 minutes ago”, “yesterday”; longer ago: the date. */
export function ago(at: number, now = minute.value): string {
    const relative = new Intl.RelativeTimeFormat(i18n.global.locale.value, {
        numeric: 'auto',
    });
    const minutes = Math.floor((now - at) / 60_000);
    if (minutes < 1) return i18n.global.t('chat.justNow');
    if (minutes < 60) return relative.format(-minutes, 'minute');
    const days = daysAgo(at, now);
    const hours = Math.floor(minutes / 60);
    if (days <= 0 || hours < 6) return relative.format(-hours, 'hour');
    return days < 7 ? relative.format(-days, 'day') : shortTime(at, now);
}

export function lastSeen(at: number, now = minute.value): string {
    return i18n.global.t('chat.lastSeen', { when: ago(at, now) });
}

/* When a device was last used. */
export function lastUsed(at: number, now = minute.value): string {
    return i18n.global.t('sessions.used', { when: ago(at, now) });
}

export function shortDate(at: number): string {
    return formatter({ day: 'numeric', month: 'short', year: 'numeric' }).format(at);
}

/* A time to come: the clock today, else the day too. */
export function untilTime(at: number, now = serverNow()): string {
    if (daysAgo(at, now) === 0) return clockTime(at);
    return formatter({
        weekday: 'short',
        day: 'numeric',
        month: 'short',
        hour: '2-digit',
        minute: '2-digit',
    }).format(at);
}

export function fullTime(at: number): string {
    return formatter({ dateStyle: 'full', timeStyle: 'short' }).format(at);
}

/* What a message may not hold (they would travel six times as long). */
export function cleanText(text: string): string {
    return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '').trim();
}

/* May a group be called so? */
export function isLabel(text: string): boolean {
    const length = Array.from(cleanText(text)).length;
    return length >= 1 && length <= 64;
}

export function utf8Length(text: string): number {
    return new TextEncoder().encode(text).length;
}

/* One or two letters for a picture. */
export function initials(name: string): string {
    const words = name
        .trim()
        .split(/[\s._-]+/)
        .filter(Boolean);
    const letters = [words[0], words.length > 1 ? words[words.length - 1] : '']
        .map((word) => Array.from(word ?? '')[0] ?? '')
        .join('');
    return letters.toUpperCase() || '?';
}

/* 0 … 7, the same for the same id everywhere. */
export function hue(id: string): number {
    let hash = 0x811c9dc5; /* FNV-1a, then mixed: ids often differ in few digits */
    for (const char of id) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
    hash ^= hash >>> 15;
    hash = Math.imul(hash, 0x2c1b3c6d);
    return (hash ^ (hash >>> 12)) & 7;
}

export interface TextPart {
    text: string;
    href?: string;
}

/* A web address in a text, without what ends the sentence around it. */
export const ADDRESS = /https?:\/\/[^\s<>"]+[^\s<>"'.,:;!?)\]}]/;
const ADDRESSES = new RegExp(ADDRESS, 'g');

/* Splits a text at its web addresses. */
export function linkParts(text: string): TextPart[] {
    const parts: TextPart[] = [];
    let end = 0;
    for (const found of text.matchAll(ADDRESSES)) {
        const at = found.index;
        if (at > end) parts.push({ text: text.slice(end, at) });
        parts.push({ text: found[0], href: found[0] });
        end = at + found[0].length;
    }
    if (end < text.length) parts.push({ text: text.slice(end) });
    return parts;
}

/* Up to three pictures and nothing else: shown large. */
export function isEmojiOnly(text: string): boolean {
    return /^(?:\p{Extended_Pictographic}(?:\ufe0f|\u200d|\p{Emoji_Modifier}|\p{Extended_Pictographic})*\s*){1,3}$/u.test(
        text,
    );
}
