/* All emoji, by group and by what they are called; loaded with the picker. */
import groups from 'virtual:emoji';
import { loadSetting, saveSetting } from './storage';

const RECENT = 27;

export interface Emoji {
    char: string;
    name: string;
    toned: boolean; /* comes in skin tones */
}

export interface Group {
    name: string; /* as in the texts: emoji.<name> */
    list: Emoji[];
}

function unpack(line: string): Emoji {
    const [char = '', ...words] = line.split(' ');
    const name = words.join(' ');
    const toned = name.startsWith('+');
    return { char, name: toned ? name.slice(1) : name, toned };
}

export const GROUPS: Group[] = groups.map(([slug, lines]) => ({
    name: slug.split('_')[0]!,
    list: lines.split('\n').map(unpack),
}));

const ALL = GROUPS.flatMap((group) => group.list);
const BY_CHAR = new Map(ALL.map((emoji) => [emoji.char, emoji]));

/* What people type for what it is called, in English and Indonesian: beginnings of
 * words, and of the words in names that they stand for. */
const WORDS: Record<string, string> = {
    happy: 'smil grin joy',
    laugh: 'joy squint rolling',
    lol: 'joy rolling',
    love: 'heart kiss',
    thanks: 'folded',
    please: 'folded pleading',
    pray: 'folded',
    yes: 'thumbs check',
    ok: 'ok thumbs check',
    no: 'cross gesturing prohibited',
    like: 'thumbs heart',
    cool: 'sunglasses',
    cute: 'hearts cat',
    party: 'partying popper balloon',
    birthday: 'birthday wrapped balloon',
    congratulations: 'partying popper clapping',
    applause: 'clapping',
    sick: 'thermometer nauseated mask',
    sleep: 'sleeping zzz',
    work: 'briefcase laptop',
    money: 'money dollar',
    food: 'pizza hamburger rice curry',
    drink: 'beverage beer coffee',
    angry: 'angry pouting enraged',
    sad: 'crying frown disappointed sad pensive',
    cry: 'crying loudly',
    senyum: 'smil grin',
    tertawa: 'joy grin squint rolling',
    ketawa: 'joy grin squint rolling',
    senang: 'smil grin joy',
    sedih: 'crying frown sad pensive',
    menangis: 'crying loudly',
    marah: 'angry enraged',
    cinta: 'heart kiss',
    sayang: 'heart hug',
    hati: 'heart',
    cium: 'kiss',
    peluk: 'hug',
    terima: 'folded',
    makasih: 'folded',
    tolong: 'folded pleading',
    doa: 'folded palms',
    bagus: 'thumbs ok clapping',
    jempol: 'thumbs',
    setuju: 'thumbs check handshake',
    ya: 'thumbs check',
    tidak: 'cross gesturing prohibited',
    tepuk: 'clapping',
    tangan: 'hand',
    jari: 'finger',
    mata: 'eye',
    tidur: 'sleeping zzz',
    sakit: 'thermometer nauseated bandage',
    takut: 'fearful scream anxious',
    kaget: 'astonished hushed exploding',
    bingung: 'confused thinking',
    malu: 'blush flushed peeking',
    pesta: 'partying popper balloon',
    selamat: 'partying popper clapping',
    ulang: 'birthday wrapped',
    hadiah: 'wrapped',
    api: 'fire',
    bintang: 'star',
    matahari: 'sun',
    bulan: 'moon',
    hujan: 'rain umbrella',
    petir: 'lightning voltage',
    pelangi: 'rainbow',
    bunga: 'flower blossom rose',
    pohon: 'tree',
    kucing: 'cat',
    anjing: 'dog',
    burung: 'bird parrot eagle dove',
    ikan: 'fish',
    ayam: 'chicken rooster',
    sapi: 'cow',
    kuda: 'horse',
    monyet: 'monkey',
    ular: 'snake',
    kupu: 'butterfly',
    makan: 'fork rice bowl curry',
    nasi: 'rice',
    mie: 'noodle spaghetti steaming',
    roti: 'bread',
    kue: 'cake cookie',
    buah: 'apple grape mango banana',
    minum: 'beverage glass cup',
    kopi: 'hot',
    teh: 'teacup teapot',
    air: 'water droplet',
    rumah: 'house home',
    kota: 'city',
    gunung: 'mountain volcano',
    pantai: 'beach',
    laut: 'wave ocean',
    mobil: 'automobile car',
    motor: 'motorcycle scooter',
    sepeda: 'bicycle',
    kereta: 'train railway',
    pesawat: 'airplane',
    kapal: 'ship boat',
    uang: 'money banknote',
    kerja: 'briefcase laptop',
    sekolah: 'school backpack',
    buku: 'book',
    telepon: 'phone',
    komputer: 'computer laptop',
    musik: 'music musical',
    bola: 'ball',
    jam: 'clock watch',
    waktu: 'clock hourglass',
    bendera: 'flag',
    orang: 'person',
    anak: 'child boy girl',
    bayi: 'baby',
    ibu: 'woman',
    bapak: 'man',
    keluarga: 'family',
    panah: 'arrow',
    merah: 'red',
    biru: 'blue',
    hijau: 'green',
    kuning: 'yellow',
    hitam: 'black',
    putih: 'white',
};

function starts(name: string, beginnings: readonly string[]): boolean {
    return name
        .toLowerCase()
        .split(/[\s:(]+/)
        .some((word) => beginnings.some((one) => word.startsWith(one)));
}

/* What one typed word may mean. */
function meanings(word: string): string[] {
    const means = Object.keys(WORDS).flatMap((key) =>
        word.length > 1 && key.startsWith(word) ? WORDS[key]!.split(' ') : [],
    );
    return [word, ...means];
}

/* Every word of the query must begin a word of the name; what is called so itself
 * comes first. */
export function search(query: string): Emoji[] {
    const words = query.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0) return [];
    const wide = words.map(meanings);
    const found = ALL.filter(({ name }) => wide.every((some) => starts(name, some)));
    const exact = found.filter(({ name }) => words.every((one) => starts(name, [one])));
    return [...new Set([...exact, ...found])];
}

/* Fair to dark, as code points; '' is the yellow that belongs to nobody. */
export const TONES = [
    '',
    '\u{1f3fb}',
    '\u{1f3fc}',
    '\u{1f3fd}',
    '\u{1f3fe}',
    '\u{1f3ff}',
];

/* Every person in it gets the tone; a handshake between two people none. */
export function withTone(emoji: Emoji, tone: string): string {
    if (!tone || !emoji.toned) return emoji.char;
    const joined = emoji.char.includes('\u200d');
    return emoji.char.replace(/(\p{Emoji_Modifier_Base})\ufe0f?/gu, (all, base) =>
        joined && base === '\u{1f91d}' ? String(all) : `${String(base)}${tone}`,
    );
}

export function recent(): Emoji[] {
    const chars = (loadSetting('emoji') ?? '').split(' ');
    return chars.flatMap((char) => BY_CHAR.get(char) ?? []);
}

export function used(emoji: Emoji): void {
    const others = recent().filter(({ char }) => char !== emoji.char);
    const chars = [emoji, ...others].slice(0, RECENT).map(({ char }) => char);
    saveSetting('emoji', chars.join(' '));
}
