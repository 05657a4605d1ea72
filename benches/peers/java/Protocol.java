// What every peer in Java does alike: read the workload, time rounds, print what was found.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

final class Protocol {
    /** One test of a rule: a signal is above a threshold, or below it. */
    record Test(int signal, boolean above, double threshold) {
        boolean passes(double value) { return above ? value > threshold : value < threshold; }
    }

    /** A new value of a signal of a vehicle. */
    record Event(int vehicle, int signal, double value) {}

    /** The document of `piccolo bench export`, as far as a run uses it. */
    record Workload(int vehicles, int signals, Test[][] rules, double[][] start, Event[] events) {}

    /** Takes events in, the first of which has the number `first`; adds edges as time, vehicle, rule, begins. */
    interface Peer {
        void take(long first, Event[] events, List<long[]> edges);
    }

    private Protocol() {}

    /** Runs a peer; making it is not measured. */
    static void main(String peer, String version, String[] arguments, Function<Workload, Peer> make)
            throws Exception {
        int rounds = Integer.parseInt(arguments[2]);
        Workload workload = read(arguments);
        Peer made = make.apply(workload);
        int size = workload.events().length / rounds;
        List<Double> seconds = new ArrayList<>();
        List<long[]> edges = new ArrayList<>();
        for (int first = 0; first < size * rounds; first += size) {
            Event[] part = Arrays.copyOfRange(workload.events(), first, first + size);
            long began = System.nanoTime();
            made.take(first, part, edges);
            seconds.add((System.nanoTime() - began) / 1e9);
        }
        print(peer, version, workload, seconds, edges);
    }

    /** Says what a run of as many rounds as there are seconds found. */
    static void print(String peer, String version, Workload workload, List<Double> seconds, List<long[]> edges)
            throws Exception {
        int events = workload.events().length / seconds.size() * seconds.size();
        System.out.println(new ObjectMapper().writeValueAsString(Map.of(
            "peer", peer,
            "version", version,
            "rules", workload.rules().length,
            "vehicles", workload.vehicles(),
            "events", events,
            "seconds", seconds,
            "edges", Map.of("count", edges.size(), "hash", hash(edges)))));
    }

    /** The workload, for the arguments that all peers take. */
    static Workload read(String[] arguments) throws Exception {
        int count = Integer.parseInt(arguments[1]);
        JsonNode document = new ObjectMapper().readTree(new File(arguments[0]));
        JsonNode rules = document.get("rules");
        Test[][] tests = new Test[rules.size()][];
        for (int rule = 0; rule < tests.length; rule++) {
            tests[rule] = new Test[rules.get(rule).size()];
            for (int place = 0; place < tests[rule].length; place++) {
                JsonNode test = rules.get(rule).get(place);
                boolean above = test.get(1).asText().equals(">");
                tests[rule][place] = new Test(test.get(0).asInt(), above, test.get(2).asDouble());
            }
        }
        double[][] start = new ObjectMapper().convertValue(document.get("start"), double[][].class);
        Event[] events = new Event[count];
        for (int place = 0; place < count; place++) {
            JsonNode event = document.get("events").get(place);
            events[place] = new Event(event.get(0).asInt(), event.get(1).asInt(), event.get(2).asDouble());
        }
        int signals = document.get("signals").asInt();
        return new Workload(document.get("vehicles").asInt(), signals, tests, start, events);
    }

    private static String hash(List<long[]> edges) throws Exception {
        edges.sort(Arrays::compare);
        StringBuilder text = new StringBuilder();
        for (long[] edge : edges) {
            text.append(edge[0]).append(' ').append(edge[1]).append(' ').append(edge[2]).append(' ')
                .append(edge[3]).append('\n');
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }
}
