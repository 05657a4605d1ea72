// What both peers on Flink do alike: one job in a local cluster whose bounded source is the workload.
// All rounds are in it, one after the other: a round ends when its last sample has been taken. The
// cluster is inside this virtual machine, so its functions share what is static here.

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.TypeHint;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import org.apache.flink.api.java.tuple.Tuple4;
import org.apache.flink.connector.datagen.source.DataGeneratorSource;
import org.apache.flink.runtime.util.EnvironmentInformation;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

final class FlinkJob {
    /** Time, vehicle, signal and value: Flink has the fastest serializer for tuples. */
    static final TypeInformation<Tuple4<Long, Integer, Integer, Double>> SAMPLE = TypeInformation.of(new TypeHint<>() {});

    /** Time, vehicle, rule, and whether the rule begins. */
    static final TypeInformation<Tuple4<Long, Integer, Integer, Boolean>> EDGE = TypeInformation.of(new TypeHint<>() {});

    static Protocol.Workload workload;

    /** For each signal the rules that read it. */
    static int[][] dependents;

    private static final List<long[]> edges = new ArrayList<>();
    private static final List<Double> seconds = new ArrayList<>();
    private static int size;
    private static long began;

    private FlinkJob() {}

    /** Runs a peer: how samples become edges. */
    static void main(String peer, String[] arguments,
            Function<DataStream<Tuple4<Long, Integer, Integer, Double>>, DataStream<Tuple4<Long, Integer, Integer, Boolean>>> rules)
            throws Exception {
        workload = Protocol.read(arguments);
        dependents = dependents();
        int rounds = Integer.parseInt(arguments[2]);
        size = workload.events().length / rounds;
        StreamExecutionEnvironment environment = StreamExecutionEnvironment.createLocalEnvironment(1);
        environment.getConfig().enableObjectReuse();
        var source = new DataGeneratorSource<>(FlinkJob::sample, (long) size * rounds, SAMPLE);
        rules.apply(environment.fromSource(source, WatermarkStrategy.noWatermarks(), "samples")).sinkTo(new Edges());
        environment.execute();
        String version = EnvironmentInformation.getVersion() + ", Java " + System.getProperty("java.version");
        Protocol.print(peer, version, workload, seconds, edges);
    }

    /** Whether a rule holds. */
    static boolean holds(int rule, double[] values) {
        for (Protocol.Test test : workload.rules()[rule]) {
            if (!test.passes(values[test.signal()])) return false;
        }
        return true;
    }

    /** The clock of the first round starts. */
    static void begin() { began = System.nanoTime(); }

    /** All before this time and the sample of this time have been taken. */
    static void taken(long time) {
        if ((time + 1) % size != 0) return;
        long now = System.nanoTime();
        seconds.add((now - began) / 1e9);
        began = now;
    }

    private static Tuple4<Long, Integer, Integer, Double> sample(long time) {
        Protocol.Event event = workload.events()[(int) time];
        return Tuple4.of(time, event.vehicle(), event.signal(), event.value());
    }

    private static int[][] dependents() {
        List<List<Integer>> rules = new ArrayList<>();
        for (int signal = 0; signal < workload.signals(); signal++) rules.add(new ArrayList<>());
        for (int rule = 0; rule < workload.rules().length; rule++) {
            for (Protocol.Test test : workload.rules()[rule]) rules.get(test.signal()).add(rule);
        }
        return rules.stream().map(of -> of.stream().mapToInt(rule -> rule).toArray()).toArray(int[][]::new);
    }

    /** Keeps the edges. */
    private static final class Edges implements Sink<Tuple4<Long, Integer, Integer, Boolean>> {
        @Override
        public SinkWriter<Tuple4<Long, Integer, Integer, Boolean>> createWriter(WriterInitContext context) {
            return new SinkWriter<>() {
                @Override
                public void write(Tuple4<Long, Integer, Integer, Boolean> edge, Context of) {
                    edges.add(new long[] {edge.f0, edge.f1, edge.f2, edge.f3 ? 1 : 0});
                }

                @Override
                public void flush(boolean last) {}

                @Override
                public void close() {}
            };
        }
    }
}
