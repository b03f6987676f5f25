/* The account's chat, for every component below ChatView. */
import { inject, provide, type InjectionKey } from 'vue';
import type { Chat } from './chat';

const KEY: InjectionKey<Chat> = Symbol('chat');

export function provideChat(chat: Chat): void {
    provide(KEY, chat);
}

export function useChat(): Chat {
    const chat = inject(KEY);
    if (!chat) throw new Error('useChat outside of ChatView');
    return chat;
}
