import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Mailbox } from '../servers/mailbox.ts';

/** The mailbox as a page: what arrived, newest first, each mail as its reader sees it. */
export interface MailPage {
  readonly url: string;
  stop(): Promise<void>;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

export async function startMailPage(mailbox: Mailbox): Promise<MailPage> {
  const server = createServer((request, response) => {
    const answer = (status: number, html: string): void => {
      response.writeHead(status, {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
      });
      response.end(html);
    };
    render(mailbox, request.url ?? '/').then(
      (html) => {
        answer(html === null ? 404 : 200, html ?? 'No such mail.');
      },
      (error: unknown) => {
        answer(500, escapeHtml(String(error)));
      },
    );
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function render(mailbox: Mailbox, url: string): Promise<string | null> {
  const number = /^\/(\d+)$/.exec(url)?.[1];
  if (number !== undefined) {
    const mail = await mailbox.messages[Number(number)]?.parse();
    return mail === undefined
      ? null
      : typeof mail.html === 'string'
        ? mail.html
        : `<pre>${escapeHtml(mail.text ?? '')}</pre>`;
  }
  if (url !== '/') return null;
  const mails = await Promise.all(mailbox.messages.map((message) => message.parse()));
  const items = mails
    .map((mail, i) => `<li><a href="/${i}">${escapeHtml(mail.subject ?? '')}</a></li>`)
    .reverse();
  return `<!doctype html><meta charset="utf-8"><title>Mailbox</title>
<style>body{font:16px/1.6 system-ui;max-width:48rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}</style>
<h1>${mails.length} mails to ml-oncall@example.com</h1><ul>${items.join('')}</ul>`;
}
