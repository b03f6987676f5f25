import { describe, expect, it } from 'vitest';
import { nextTick, ref } from 'vue';
import { useEdit } from '../src/state/edit';

function form() {
    const room = { label: ref('Old'), seq: ref(5) };
    const edit = useEdit(
        () => room.label.value,
        () => room.seq.value,
        (text) => text.trim(),
    );
    const renamed = async (label: string): Promise<void> => {
        room.label.value = label;
        room.seq.value++;
        await nextTick();
    };
    return { room, edit, renamed };
}

describe('a value that others may change too', () => {
    it('follows them as long as it is untouched', async () => {
        const { edit, renamed } = form();
        await renamed('Theirs');
        expect(edit.value.value).toBe('Theirs');
        expect(edit.changed.value).toBe(false);
        expect(edit.known.value).toBe(6);
    });

    it('stays when it is touched, with what its writer knew, and tells of theirs', async () => {
        const { room, edit, renamed } = form();
        edit.value.value = ' Mine ';
        room.seq.value++;
        await nextTick();
        expect(edit.other.value).toBeUndefined();
        await renamed('Theirs');
        expect(edit.cleaned.value).toBe('Mine');
        expect(edit.changed.value).toBe(true);
        expect(edit.known.value).toBe(5);
        expect(edit.other.value).toBe('Theirs');
    });

    it('knows more when its writer was told', async () => {
        const { edit, renamed } = form();
        edit.value.value = 'Mine';
        await renamed('Theirs');
        edit.told();
        expect(edit.known.value).toBe(6);
        expect(edit.other.value).toBe('Theirs');
        expect(edit.cleaned.value).toBe('Mine');
        await renamed('Third');
        expect(edit.known.value).toBe(6);
        expect(edit.other.value).toBe('Third');
    });

    it('is no change when others made the same of it, nor when it is saved', async () => {
        const { edit, renamed } = form();
        edit.value.value = 'Mine';
        await renamed('Mine');
        expect(edit.changed.value).toBe(false);
        edit.value.value = 'Next';
        edit.saved();
        expect(edit.changed.value).toBe(false);
        await renamed('Next');
        await renamed('Theirs');
        expect(edit.value.value).toBe('Theirs');
    });
});
