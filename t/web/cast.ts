/* What the tests of a file share: a server, a browser, and people who come and go. */
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { Person, startBrowser, type Options } from './person';
import { Server } from './server';

export class Cast {
    server!: Server;
    browser!: Browser;
    here: Person[] = []; /* leave when the test ends */
    count = 0;
    private setUp = false;

    /* Names differ from test to test. */
    async visitor(display: string, options?: Options): Promise<Person> {
        const name = `${display.toLowerCase().replace(/\W+/g, '.')}${++this.count}`;
        const person = await Person.come(
            this.browser,
            this.server,
            name,
            display,
            options,
        );
        this.here.push(person);
        return person;
    }

    /* Somebody new, registered and logged in; the first is the administrator. */
    async someone(display: string, options?: Options): Promise<Person> {
        const person = await this.visitor(display, options);
        await person.register(this.setUp ? undefined : this.server.setupCode);
        this.setUp = true;
        return person;
    }

    /* Two people with their direct chat open on both sides. */
    async pair(options?: Options): Promise<[Person, Person]> {
        const [ani, budi] = await this.everyone(['Ani', 'Budi'], options);
        await ani.openDirect(budi);
        await budi.openRoom('Ani');
        return [ani, budi];
    }

    /* Several at the same time; options are the first one's. */
    async everyone<const T extends readonly string[]>(
        displays: T,
        options?: Options,
    ): Promise<{ -readonly [K in keyof T]: Person }> {
        if (!this.setUp) await this.someone('First');
        const coming = displays.map((one, at) =>
            this.someone(one, at === 0 ? options : undefined),
        );
        return (await Promise.all(coming)) as { -readonly [K in keyof T]: Person };
    }

    /* Another device of the same person, logged in. */
    async deviceOf(person: Person, options?: Options): Promise<Person> {
        const { browser, server } = this;
        const { name, display } = person;
        const device = await Person.come(browser, server, name, display, options);
        this.here.push(device);
        await device.visit();
        await device.logIn();
        return device;
    }

    async leave(): Promise<void> {
        const complaints = this.here.flatMap((person) => person.complaints);
        for (const person of this.here) await person.go();
        this.here = [];
        expect(complaints).toEqual([]);
    }

    /* The first account was made in another way. */
    isSetUp(): void {
        this.setUp = true;
    }
}

export function cast(conf: Record<string, string> = {}): Cast {
    const on = new Cast();
    beforeAll(async () => {
        on.browser = await startBrowser();
        on.server = await Server.run(conf);
    });
    afterAll(async () => {
        await on.browser?.close();
        await on.server?.end();
    });
    afterEach(() => on.leave());
    return on;
}
