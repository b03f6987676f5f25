/* What a screen reader is told of new messages: one is read out, of many at once the
 * number is told. */
import { ref } from 'vue';

const WAIT = 600;

export class Announcer {
    readonly text = ref('');
    private count = 0;
    private last = '';
    private timer: ReturnType<typeof setTimeout> | undefined;

    constructor(private readonly many: (count: number) => string) {}

    /* count messages came; said is the last one of them. */
    add(count: number, said: string): void {
        this.count += count;
        this.last = said;
        this.timer ??= setTimeout(() => this.tell(), WAIT);
    }

    close(): void {
        clearTimeout(this.timer);
    }

    private tell(): void {
        this.text.value = this.count > 1 ? this.many(this.count) : this.last;
        this.count = 0;
        this.timer = undefined;
    }
}
