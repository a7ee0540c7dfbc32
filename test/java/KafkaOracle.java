import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Apache Kafka's own client, driven line by line: what it produces is read by driftd, and what its consumer sees at
 * read_committed is what driftd must have counted. Words are parted by tabs; "~" is null. Each command answers with its
 * lines and then "ok", or with one line "error ...".
 */
public final class KafkaOracle {
  private static final int RESENDS = 3;

  private final String brokers;
  private final PrintStream out;
  private final Admin admin;
  private final Map<String, KafkaProducer<byte[], byte[]>> producers = new HashMap<>();
  /** What each producer could not write since its last flush. */
  private final Map<String, Exception> failures = new ConcurrentHashMap<>();
  private final Map<String, Queue<ProducerRecord<byte[], byte[]>>> unsentRecords = new ConcurrentHashMap<>();

  private KafkaOracle(String brokers, PrintStream out) {
    this.brokers = brokers;
    this.out = out;
    this.admin = Admin.create(properties());
  }

  public static void main(String[] args) throws Exception {
    KafkaOracle oracle = new KafkaOracle(args[0], new PrintStream(System.out, true, StandardCharsets.UTF_8));
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      try {
        oracle.run(line.split("\t", -1));
        oracle.out.println("ok");
      } catch (Exception e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        oracle.out.println("error " + cause.toString().replace('\n', ' '));
      }
    }
  }

  private Properties properties(String... settings) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", brokers);
    for (String setting : settings) {
      int at = setting.indexOf('=');
      properties.put(setting.substring(0, at), setting.substring(at + 1));
    }
    return properties;
  }

  private void run(String[] words) throws Exception {
    switch (words[0]) {
      case "create" -> create(words[1], Integer.parseInt(words[2]), Arrays.copyOfRange(words, 3, words.length));
      case "delete" -> admin.deleteTopics(List.of(words[1])).all().get();
      case "grow" -> admin.createPartitions(
          Map.of(words[1], NewPartitions.increaseTo(Integer.parseInt(words[2])))).all().get();
      case "trim" -> admin.deleteRecords(Map.of(
          partition(words[1], words[2]), RecordsToDelete.beforeOffset(Long.parseLong(words[3])))).all().get();
      case "producer" -> producer(words[1], Arrays.copyOfRange(words, 2, words.length));
      case "begin" -> producers.get(words[1]).beginTransaction();
      case "commit" -> producers.get(words[1]).commitTransaction();
      case "abort" -> abort(words[1]);
      case "flush" -> flush(words[1]);
      case "close" -> producers.remove(words[1]).close();
      case "send" -> send(words);
      case "fill" -> fill(words);
      case "bulk" -> bulk(words);
      case "consume" -> consume(words[1]);
      default -> throw new IllegalArgumentException("no command " + words[0]);
    }
  }

  private void create(String topic, int partitions, String[] settings) throws Exception {
    Map<String, String> configs = new HashMap<>();
    properties(settings).forEach((name, value) -> configs.put(name.toString(), value.toString()));
    configs.remove("bootstrap.servers");
    NewTopic wanted = new NewTopic(topic, Optional.of(partitions), Optional.empty()).configs(configs);
    admin.createTopics(List.of(wanted)).all().get();
  }

  private void producer(String name, String[] settings) {
    KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(properties(settings), new ByteArraySerializer(), new ByteArraySerializer());
    producers.put(name, producer);
    if (Arrays.stream(settings).anyMatch(setting -> setting.startsWith("transactional.id="))) {
      producer.initTransactions();
    }
  }

  /** send NAME TOPIC PARTITION KEY VALUE [HEADER=VALUE ...]: one record; it is batched with what comes before a flush. */
  private void send(String[] words) {
    ProducerRecord<byte[], byte[]> record =
        new ProducerRecord<>(words[2], Integer.parseInt(words[3]), bytes(words[4]), bytes(words[5]));
    for (String header : Arrays.copyOfRange(words, 6, words.length)) {
      int at = header.indexOf('=');
      record.headers().add(header.substring(0, at), bytes(header.substring(at + 1)));
    }
    put(words[1], record);
  }

  /**
   * What cannot be written must not pass for written: the next flush says so. A record that was never sent, its partition
   * being too new for the metadata within max.block.ms, is sent again instead.
   */
  private void put(String producer, ProducerRecord<byte[], byte[]> record) {
    producers.get(producer).send(record, (written, failure) -> {
      if (failure == null) return;
      boolean unsent = failure instanceof TimeoutException && failure.getMessage().contains("metadata");
      if (unsent) unsentRecords.computeIfAbsent(producer, name -> new ConcurrentLinkedQueue<>()).add(record);
      else failures.putIfAbsent(producer, failure);
    });
  }

  private void abort(String producer) {
    producers.get(producer).abortTransaction();
    failures.remove(producer);
  }

  private void flush(String producer) throws Exception {
    producers.get(producer).flush();
    for (int round = 0; round < RESENDS; round++) {
      Queue<ProducerRecord<byte[], byte[]>> again = unsentRecords.remove(producer);
      if (again == null) break;
      again.forEach(record -> put(producer, record));
      producers.get(producer).flush();
    }
    if (unsentRecords.remove(producer) != null)
      throw new IllegalStateException("a partition is still not in the metadata");
    Exception failure = failures.remove(producer);
    if (failure != null) throw failure;
  }

  /** fill NAME TOPIC PARTITION COUNT PREFIX [SUFFIX]: values PREFIX0SUFFIX and so on, with keys likewise. */
  private void fill(String[] words) {
    int count = Integer.parseInt(words[4]);
    String suffix = words.length > 6 ? words[6] : "";
    for (int i = 0; i < count; i++) {
      byte[] text = bytes(words[5] + i + suffix);
      put(words[1], new ProducerRecord<>(words[2], Integer.parseInt(words[3]), text, text));
    }
  }

  /** bulk NAME TOPIC PARTITION BYTES: one record of so many equal bytes. */
  private void bulk(String[] words) throws Exception {
    byte[] value = new byte[Integer.parseInt(words[4])];
    Arrays.fill(value, (byte) ' ');
    var sent = producers.get(words[1])
        .send(new ProducerRecord<>(words[2], Integer.parseInt(words[3]), null, value));
    producers.get(words[1]).flush();
    sent.get();
  }

  /** Everything committed, from the first record to the last stable offset. */
  private void consume(String topic) {
    Properties properties = properties("isolation.level=read_committed", "enable.auto.commit=false");
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
          .map(info -> new TopicPartition(topic, info.partition()))
          .collect(Collectors.toList());
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
      while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
        consumer.poll(Duration.ofMillis(100)).forEach(records::add);
      }
      records.sort(Comparator.<ConsumerRecord<byte[], byte[]>>comparingInt(ConsumerRecord::partition)
          .thenComparingLong(ConsumerRecord::offset));
      records.forEach(this::print);
    }
  }

  private void print(ConsumerRecord<byte[], byte[]> record) {
    String headers = Arrays.stream(record.headers().toArray())
        .map(header -> header.key() + "=" + hex(header.value()))
        .collect(Collectors.joining(","));
    out.println(String.join("\t", "record", String.valueOf(record.partition()), String.valueOf(record.offset()),
        String.valueOf(record.timestamp()), hex(record.key()), hex(record.value()), headers));
  }

  private TopicPartition partition(String topic, String partition) {
    return new TopicPartition(topic, Integer.parseInt(partition));
  }

  private static byte[] bytes(String text) {
    if (text.equals("~")) return null;
    return text.startsWith("0x") ? HexFormat.of().parseHex(text.substring(2)) : text.getBytes(StandardCharsets.UTF_8);
  }

  private static String hex(byte[] bytes) {
    return bytes == null ? "~" : HexFormat.of().formatHex(bytes);
  }
}
