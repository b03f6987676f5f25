// Asks HTTP requests as programs on Node do, for burung/http_clients.py.
//
// http_client.mjs KIND PORT: a list of requests per line of standard input, their answers per line
// of output, as JSON. The requests of a line go out at once. KIND is agent (node:http and its
// Agent), fetch (what Node has built in), or undici (a Pool that pipelines).

import http from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const [kind, port] = process.argv.slice(2);
const origin = `http://127.0.0.1:${port}`;
const SOCKETS = 4;
let connects = 0;

// A body that comes in pieces, with a pause before each.
async function* inPieces(pieces) {
    for (const piece of pieces) {
        await sleep(2);
        yield Buffer.from(piece, 'latin1');
    }
}

const lengthOf = (pieces) => pieces.reduce((sum, piece) => sum + piece.length, 0);

// With agents of Node a body without a length is chunked.
function asSent({ body, pieces, chunked, headers = {} }) {
    if (chunked) return { headers, body: inPieces(chunked) };
    if (pieces) {
        return {
            headers: { ...headers, 'Content-Length': `${lengthOf(pieces)}` },
            body: inPieces(pieces),
        };
    }
    return {
        headers,
        body: body === undefined ? undefined : Buffer.from(body, 'latin1'),
    };
}

function answer(status, headers, body) {
    return { status, headers, body: Buffer.from(body).toString('latin1') };
}

const agent = new http.Agent({ keepAlive: true, maxSockets: SOCKETS });
const createConnection = agent.createConnection;
agent.createConnection = function (...args) {
    connects++;
    return createConnection.apply(this, args);
};

function byAgent(request) {
    const { headers, body } = asSent(request);
    return new Promise((resolve, reject) => {
        let answered = false;
        const options = {
            agent,
            port,
            host: '127.0.0.1',
            method: request.method,
            headers,
        };
        const asking = http.request(
            { ...options, path: request.path },
            async (response) => {
                answered = true;
                try {
                    const chunks = await response.toArray();
                    resolve(
                        answer(
                            response.statusCode,
                            response.headers,
                            Buffer.concat(chunks),
                        ),
                    );
                } catch (error) {
                    reject(error);
                }
            },
        );
        // An answer that comes before the body is out is an answer.
        asking.on('error', (error) => answered || reject(error));
        if (body?.[Symbol.asyncIterator]) {
            (async () => {
                for await (const piece of body) asking.write(piece);
                asking.end();
            })();
        } else asking.end(body);
    });
}

async function byFetch(request) {
    const { headers, body } = asSent(request);
    const response = await fetch(origin + request.path, {
        method: request.method,
        headers,
        body, // also one in pieces: fetch of Node takes any async iterable
        duplex: 'half',
        redirect: 'manual',
    });
    const got = await response.arrayBuffer();
    return answer(response.status, Object.fromEntries(response.headers), got);
}

let pool;
async function byUndici(request) {
    const { headers, body } = asSent(request);
    const { method, path } = request;
    // It pipelines what may be repeated, which a message with its cid may.
    const response = await pool.request({
        method,
        path,
        headers,
        body,
        idempotent: true,
    });
    return answer(
        response.statusCode,
        response.headers,
        await response.body.arrayBuffer(),
    );
}

const kinds = { agent: byAgent, fetch: byFetch, undici: byUndici };
if (kind === 'undici') {
    const { Pool } = await import('undici');
    pool = new Pool(origin, { connections: 2, pipelining: 10 });
    pool.on('connect', () => connects++);
}
if (kind === 'fetch') connects = null; // it does not tell

const failed = (error) => ({ error: `${error} ${error.cause ?? ''}` });
for await (const line of createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line).map((request) => kinds[kind](request).catch(failed));
    console.log(JSON.stringify({ answers: await Promise.all(asked), connects }));
}
process.exit(0);
