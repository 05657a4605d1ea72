// Flink CEP. A pattern matches events one after the other, so a function keyed by vehicle first gives,
// for each rule that reads a sample's signal, a reading of the rule's values; two patterns over the
// readings of each rule of each vehicle find where it begins and where it ends. A pattern for each rule
// over all values of a vehicle, without an index, takes a hundred times as long.

import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.java.tuple.Tuple4;
import org.apache.flink.cep.CEP;
import org.apache.flink.cep.functions.PatternProcessFunction;
import org.apache.flink.cep.pattern.Pattern;
import org.apache.flink.cep.pattern.conditions.SimpleCondition;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

public final class FlinkCepPeer {
    /** The values of a rule's signals in one vehicle at one time. */
    public static final class Reading {
        public long time;
        public int vehicle;
        public int rule;
        public double[] values;

        public Reading() {}

        Reading(long time, int vehicle, int rule, double[] known) {
            this.time = time;
            this.vehicle = vehicle;
            this.rule = rule;
            Protocol.Test[] tests = FlinkJob.workload.rules()[rule];
            values = new double[tests.length];
            for (int test = 0; test < tests.length; test++) values[test] = known[tests[test].signal()];
        }

        boolean holds() {
            Protocol.Test[] tests = FlinkJob.workload.rules()[rule];
            for (int test = 0; test < tests.length; test++) {
                if (!tests[test].passes(values[test])) return false;
            }
            return true;
        }

        /** The rule in its vehicle. */
        int place() { return vehicle * FlinkJob.workload.rules().length + rule; }
    }

    /** Samples to readings; the first sample of a vehicle also brings its start. */
    private static final class Readings extends KeyedProcessFunction<Integer, Tuple4<Long, Integer, Integer, Double>, Reading> {
        private transient ValueState<double[]> known;

        @Override
        public void open(OpenContext context) {
            known = getRuntimeContext().getState(new ValueStateDescriptor<>("values", double[].class));
            FlinkJob.begin();
        }

        @Override
        public void processElement(Tuple4<Long, Integer, Integer, Double> sample, Context context,
                Collector<Reading> readings) throws Exception {
            double[] values = known.value();
            if (values == null) {
                values = FlinkJob.workload.start()[sample.f1].clone();
                for (int rule = 0; rule < FlinkJob.workload.rules().length; rule++) {
                    readings.collect(new Reading(-1, sample.f1, rule, values));
                }
            }
            if (values[sample.f2] != sample.f3) {
                values[sample.f2] = sample.f3;
                for (int rule : FlinkJob.dependents[sample.f2]) {
                    readings.collect(new Reading(sample.f0, sample.f1, rule, values));
                }
            }
            known.update(values);
            FlinkJob.taken(sample.f0);
        }
    }

    private static final class Found extends PatternProcessFunction<Reading, Tuple4<Long, Integer, Integer, Boolean>> {
        @Override
        public void processMatch(Map<String, List<Reading>> match, Context context,
                Collector<Tuple4<Long, Integer, Integer, Boolean>> edges) {
            Reading is = match.get("is").get(0);
            edges.collect(Tuple4.of(is.time, is.vehicle, is.rule, is.holds()));
        }
    }

    /** A reading where the rule begins to hold, or ceases to. */
    private static Pattern<Reading, ?> turn(boolean begins) {
        return Pattern.<Reading>begin("was").where(SimpleCondition.of(reading -> reading.holds() != begins))
            .next("is").where(SimpleCondition.of(reading -> reading.holds() == begins));
    }

    private static DataStream<Tuple4<Long, Integer, Integer, Boolean>> edges(DataStream<Reading> readings, boolean begins) {
        return CEP.pattern(readings, turn(begins)).inProcessingTime().process(new Found(), FlinkJob.EDGE);
    }

    public static void main(String[] arguments) throws Exception {
        FlinkJob.main("Flink CEP, dependency index", arguments, samples -> {
            DataStream<Reading> readings = samples.keyBy(sample -> sample.f1).process(new Readings()).keyBy(Reading::place);
            return edges(readings, true).union(edges(readings, false));
        });
    }
}
