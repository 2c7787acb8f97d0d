# The essentials: decide, act on both drivers, die, be made safe.
. /etc/sunkeep/guest.sh
mkdir -p /data/sunkeep
mark begin
timed safe_outputs_without_table sh -c "$START_PRE"
started "$START"
wait_for 60 'kind="device"' mppt health TEXT alive, HEX alive
wait_for 60 'kind="device"' shunt health TEXT alive, HEX alive
wait_for 30 'kind="would"' heater on
mark armed
sunkeep arm || exit 1
for output in heater horn lights; do wait_for 30 'kind="result"' $output verified on; done
say "rss_kb $(awk '/^Rss:/ { print $2 }' /proc/$daemon/smaps_rollup)"
mark killed
kill -9 $daemon
wait $daemon 2>/dev/null
SERVICE_RESULT=signal EXIT_CODE=killed EXIT_STATUS=KILL timed safe_after_kill sh -c "$STOP_POST"
mark helped
sleep 2
mark end
