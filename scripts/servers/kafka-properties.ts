import { writeFileSync } from 'node:fs';
import path from 'node:path';

export type PasswordMechanism = 'plain' | 'scram-sha-256' | 'scram-sha-512';

/** What the second, secured listener asks of its clients. */
export interface KafkaSecurity {
  readonly sasl?:
    | {
        /** Several: clients choose. */
        readonly mechanism: PasswordMechanism | readonly PasswordMechanism[];
        readonly username: string;
        readonly password: string;
      }
    // Accepts unsigned tokens (RFC 7515, appendix A.5) that have not expired.
    | { readonly mechanism: 'oauthbearer' };
  /**
   * TLS with this private key (PKCS #8) and certificate chain, both PEM; with `clientAuthority` (PEM) clients need a
   * certificate signed by it.
   */
  readonly tls?: {
    readonly key: string;
    readonly certificate: string;
    readonly clientAuthority?: string;
  };
}

export interface KafkaPorts {
  readonly plain: number;
  readonly controller: number;
  readonly secure: number;
  /** Plain listeners that are advertised under another port. */
  readonly doors: readonly { readonly port: number; readonly advertised: number }[];
}

const LOGIN_MODULES = {
  plain: 'org.apache.kafka.common.security.plain.PlainLoginModule',
  oauthbearer: 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule',
  scram: 'org.apache.kafka.common.security.scram.ScramLoginModule',
} as const;

function protocolOf(security: KafkaSecurity): string {
  if (security.sasl !== undefined)
    return security.tls === undefined ? 'SASL_PLAINTEXT' : 'SASL_SSL';
  return security.tls === undefined ? 'PLAINTEXT' : 'SSL';
}

function securityProperties(folder: string, security: KafkaSecurity): Record<string, string> {
  const properties: Record<string, string> = {};
  const { sasl, tls } = security;
  if (sasl !== undefined) {
    const mechanisms = [sasl.mechanism].flat();
    properties['listener.name.secure.sasl.enabled.mechanisms'] = mechanisms.join(',').toUpperCase();
    for (const mechanism of mechanisms)
      properties[`listener.name.secure.${mechanism}.sasl.jaas.config`] = loginModule(
        mechanism,
        sasl,
      );
  }
  if (tls !== undefined) {
    const store = path.join(folder, 'keystore.pem');
    writeFileSync(store, `${tls.key.trim()}\n${tls.certificate.trim()}\n`, { mode: 0o600 });
    properties['listener.name.secure.ssl.keystore.type'] = 'PEM';
    properties['listener.name.secure.ssl.keystore.location'] = store;
    if (tls.clientAuthority !== undefined) {
      const trusted = path.join(folder, 'truststore.pem');
      writeFileSync(trusted, tls.clientAuthority, { mode: 0o600 });
      properties['listener.name.secure.ssl.truststore.type'] = 'PEM';
      properties['listener.name.secure.ssl.truststore.location'] = trusted;
      properties['listener.name.secure.ssl.client.auth'] = 'required';
    }
  }
  return properties;
}

function loginModule(mechanism: string, sasl: NonNullable<KafkaSecurity['sasl']>): string {
  if (!('username' in sasl))
    return `${LOGIN_MODULES.oauthbearer} required unsecuredLoginStringClaim_sub="broker";`;
  return mechanism === 'plain'
    ? `${LOGIN_MODULES.plain} required user_${sasl.username}="${sasl.password}";`
    : `${LOGIN_MODULES.scram} required;`;
}

/** The text of server.properties for a broker that is also its own controller. */
export function serverProperties(
  folder: string,
  ports: KafkaPorts,
  security: KafkaSecurity | undefined,
  settings: Readonly<Record<string, string>> = {},
): string {
  const at = (name: string, port: number): string => `${name}://127.0.0.1:${String(port)}`;
  const secure = security === undefined ? '' : `,${at('SECURE', ports.secure)}`;
  const clients = at('PLAIN', ports.plain) + secure;
  const protocols = ['PLAIN:PLAINTEXT', 'CONTROLLER:PLAINTEXT'];
  let [doors, advertisedDoors] = ['', ''];
  ports.doors.forEach(({ port, advertised }, i) => {
    doors += `,${at(`DOOR${i}`, port)}`;
    advertisedDoors += `,${at(`DOOR${i}`, advertised)}`;
    protocols.push(`DOOR${i}:PLAINTEXT`);
  });
  if (security !== undefined) protocols.push(`SECURE:${protocolOf(security)}`);
  const properties: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${String(ports.controller)}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAIN',
    listeners: `${clients}${doors},${at('CONTROLLER', ports.controller)}`,
    'advertised.listeners': clients + advertisedDoors,
    'listener.security.protocol.map': protocols.join(','),
    'log.dirs': path.join(folder, 'data'),
    'num.partitions': '1',
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '4',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    // A broker that was killed may come back only when its old session is over.
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    'controlled.shutdown.enable': 'false',
    ...(security === undefined ? {} : securityProperties(folder, security)),
    ...settings,
  };
  const escape = (value: string): string => value.replaceAll('\\', '\\\\');
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${escape(value)}\n`)
    .join('');
}

/** Arguments of StorageTool; SCRAM users must be in the metadata from the first record on. */
export function storageFormatArgs(
  clusterId: string,
  properties: string,
  security: KafkaSecurity | undefined,
): string[] {
  // Joined by `=`: an id may begin with a dash, and would be taken for an option.
  const args = ['format', `--cluster-id=${clusterId}`, '--config', properties];
  const sasl = security?.sasl;
  if (sasl !== undefined && 'username' in sasl) {
    const user = `name=${sasl.username},password=${sasl.password}`;
    for (const mechanism of [sasl.mechanism].flat().filter((one) => one !== 'plain'))
      args.push('--add-scram', `${mechanism.toUpperCase()}=[${user}]`);
  }
  return args;
}
