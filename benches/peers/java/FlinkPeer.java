// Flink: hand-written rules in a function keyed by vehicle, behind a dependency index. The one worker
// has all vehicles, so the stream counts as keyed as it is; with an exchange between source and rules
// (`keyBy`) a sample takes about half as long again.

import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.java.tuple.Tuple4;
import org.apache.flink.streaming.api.datastream.DataStreamUtils;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

public final class FlinkPeer {
    /** What is known of a vehicle: the values by signal, and which rules hold. */
    public static final class Vehicle {
        public double[] values;
        public boolean[] active;

        public Vehicle() {}

        Vehicle(double[] start) {
            values = start.clone();
            active = new boolean[FlinkJob.workload.rules().length];
            for (int rule = 0; rule < active.length; rule++) active[rule] = FlinkJob.holds(rule, values);
        }
    }

    private static final class Rules
            extends KeyedProcessFunction<Integer, Tuple4<Long, Integer, Integer, Double>, Tuple4<Long, Integer, Integer, Boolean>> {
        private transient ValueState<Vehicle> known;

        @Override
        public void open(OpenContext context) {
            known = getRuntimeContext().getState(new ValueStateDescriptor<>("vehicle", Vehicle.class));
            FlinkJob.begin();
        }

        @Override
        public void processElement(Tuple4<Long, Integer, Integer, Double> sample, Context context,
                Collector<Tuple4<Long, Integer, Integer, Boolean>> edges) throws Exception {
            Vehicle vehicle = known.value();
            if (vehicle == null) vehicle = new Vehicle(FlinkJob.workload.start()[sample.f1]);
            if (vehicle.values[sample.f2] != sample.f3) {
                vehicle.values[sample.f2] = sample.f3;
                for (int rule : FlinkJob.dependents[sample.f2]) {
                    boolean holds = FlinkJob.holds(rule, vehicle.values);
                    if (holds != vehicle.active[rule]) {
                        vehicle.active[rule] = holds;
                        edges.collect(Tuple4.of(sample.f0, sample.f1, rule, holds));
                    }
                }
                known.update(vehicle);
            }
            FlinkJob.taken(sample.f0);
        }
    }

    public static void main(String[] arguments) throws Exception {
        FlinkJob.main("Flink, keyed function, dependency index", arguments,
            samples -> DataStreamUtils.reinterpretAsKeyedStream(samples, sample -> sample.f1).process(new Rules()));
    }
}
