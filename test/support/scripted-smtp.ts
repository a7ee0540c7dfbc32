import { createServer, type Socket } from 'node:net';

/** Answers per command word (EHLO, MAIL, RCPT, DATA, `.` for the end of a message); `drop` closes the connection. */
export type SmtpScript = Readonly<Record<string, string>>;

const POLITE: SmtpScript = {
  GREETING: '220 scripted ESMTP',
  EHLO: '250 scripted',
  MAIL: '250 ok',
  RCPT: '250 ok',
  DATA: '354 go on',
  '.': '250 queued',
  QUIT: '221 bye',
};

export interface ScriptedSmtp {
  readonly port: number;
  /** Command words as they came. */
  readonly commands: readonly string[];
  stop(): Promise<void>;
}

/** A real SMTP conversation over a real socket, with the faults that a mail server is too polite to make. */
export async function startScriptedSmtp(script: SmtpScript = {}): Promise<ScriptedSmtp> {
  const answers = { ...POLITE, ...script };
  const commands: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    converse(socket, answers, commands);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    commands,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => {
          resolve();
        });
      }),
  };
}

function converse(socket: Socket, answers: SmtpScript, commands: string[]): void {
  let inMessage = false;
  let rest = '';
  const answer = (word: string): void => {
    const text = answers[word] ?? '502 unknown';
    if (text === 'drop') socket.destroy();
    else if (text === 'drip') drip(socket);
    else if (text !== 'silence') socket.write(`${text}\r\n`);
  };
  socket.on('data', (bytes) => {
    const lines = (rest + bytes.toString('latin1')).split('\r\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (inMessage && line !== '.') continue;
      const word = inMessage ? '.' : (line.split(/[ :]/)[0] ?? '').toUpperCase();
      commands.push(word);
      inMessage = word === 'DATA' && answers['DATA']?.startsWith('354') === true;
      answer(word);
    }
  });
  answer('GREETING');
}

/** One byte of an endless answer at a time: never silent, never done. */
function drip(socket: Socket): void {
  const timer = setInterval(() => socket.write('2'), 20);
  socket.on('close', () => {
    clearInterval(timer);
  });
}
