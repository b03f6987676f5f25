declare module '*.vue' {
    import type { DefineComponent } from 'vue';
    const component: DefineComponent;
    export default component;
}

/* Made by build/emoji.ts: each group's slug and its lines. */
declare module 'virtual:emoji' {
    const groups: [slug: string, lines: string][];
    export default groups;
}
