/* A burungd of a test's own: its port, its data folder, its processes. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
    mkdirSync,
    mkdtempSync,
    openSync,
    readFileSync,
    rmSync,
    writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TOP = fileURLToPath(new URL('../..', import.meta.url));
const BINARY = process.env['BURUNGD'] ?? join(TOP, 'build/test/burungd');

export async function waitFor<T>(
    what: string,
    condition: () => T | undefined | Promise<T | undefined>,
    timeout = 30_000,
): Promise<T> {
    const until = Date.now() + timeout;
    for (;;) {
        const value = await condition();
        if (value) return value;
        if (Date.now() > until)
            throw new Error(`waited ${timeout} ms in vain: ${what}`);
        await new Promise((done) => setTimeout(done, 25));
    }
}

/* Below the ports the kernel gives to clients, so that none of them takes it while the
 * server is down. */
async function freePort(): Promise<number> {
    for (;;) {
        const port = 15_000 + Math.floor(Math.random() * 16_000);
        const free = await new Promise<boolean>((done) => {
            const probe = createServer();
            probe.once('error', () => done(false));
            probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
        });
        if (free) return port;
    }
}

export class Server {
    private process: ChildProcess | undefined;
    private readonly folder = mkdtempSync(join(tmpdir(), 'burung-web-'));
    private readonly log = join(this.folder, 'log');

    private constructor(
        readonly port: number,
        more: Record<string, string>,
    ) {
        const data = join(this.folder, 'data');
        mkdirSync(data);
        const conf = {
            listen: `127.0.0.1:${port}`,
            data,
            workers: 2,
            limit_login_memory: 8,
            www: join(TOP, 'www/dist'),
            /* what is measured here is not how much one may send */
            limit_sends_connection: '1000/s 10000',
            limit_sends_user: '1000/s 10000',
            ...more,
        };
        const lines = Object.entries(conf).map(([key, value]) => `${key} = ${value}\n`);
        writeFileSync(join(this.folder, 'burungd.conf'), lines.join(''));
    }

    /* more: configuration beyond what every test needs. */
    static async run(more: Record<string, string> = {}): Promise<Server> {
        const server = new Server(await freePort(), more);
        await server.start();
        return server;
    }

    get url(): string {
        return `http://127.0.0.1:${this.port}`;
    }

    get setupCode(): string {
        const found = /setup code.*?code=([A-Za-z0-9-]+)/.exec(this.logged());
        if (!found) throw new Error('the server printed no setup code');
        return found[1]!;
    }

    logged(): string {
        return readFileSync(this.log, 'utf8');
    }

    async start(): Promise<void> {
        const log = openSync(this.log, 'a');
        this.process = spawn(BINARY, ['-c', join(this.folder, 'burungd.conf')], {
            stdio: ['ignore', log, log],
            cwd: this.folder,
        });
        await waitFor('burungd is ready', async () => {
            if (this.process?.exitCode !== null) {
                throw new Error(`burungd ended:\n${this.logged()}`);
            }
            return fetch(`${this.url}/readyz`).then(
                (answer) => answer.ok,
                () => false,
            );
        });
    }

    /* The workers die with their master. */
    async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
        const process = this.process;
        if (!process || process.exitCode !== null || process.signalCode !== null)
            return;
        const ended = new Promise((done) => process.once('exit', done));
        process.kill(signal);
        await ended;
        await waitFor('nobody listens', () =>
            fetch(`${this.url}/healthz`).then(
                () => false,
                () => true,
            ),
        );
    }

    /* Stops it, puts count messages of these people into the room, and starts it again.
     * The last of them has read so many. */
    async fill(
        room: string,
        count: number,
        read: number,
        from: string[],
    ): Promise<void> {
        await this.kill('SIGTERM');
        const script = join(TOP, 't/web/fill.py');
        const db = join(this.folder, 'data', 'burung.db');
        execFileSync('python3', [script, db, room, `${count}`, `${read}`, ...from]);
        await this.start();
    }

    /* Ends it and fails if a sanitizer found a defect. */
    async end(): Promise<void> {
        await this.kill('SIGTERM');
        const defect = /ERROR: \w+Sanitizer|runtime error:|objects leaked/.exec(
            this.logged(),
        );
        if (defect) throw new Error(`burungd has a defect:\n${this.logged()}`);
        rmSync(this.folder, { recursive: true, force: true });
    }
}
