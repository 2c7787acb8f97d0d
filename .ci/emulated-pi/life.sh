# The first life of a Pi: boots in 1970, decides, is robbed of its clock, its
# cable and its daemon, and loses power.
. /etc/sunkeep/guest.sh

mark begin
timed safe_outputs_without_table sh -c "$START_PRE"
started "$START"
wait_for 60 'kind="device"' mppt health TEXT alive, HEX alive
wait_for 60 'kind="device"' shunt health TEXT alive, HEX alive
wait_for 30 'kind="would"' heater on
[ "$(date +%Y)" = 1970 ] || { echo "the clock was to start in 1970"; exit 1; }

mark armed
sunkeep arm || exit 1
for output in heater horn lights pump; do wait_for 30 'kind="result"' $output verified on; done
say "rss_kb $(awk '/^Rss:/ { print $2 }' /proc/$daemon/smaps_rollup)"

mark clock_jumps
date -s "@$HOST_EPOCH" >/dev/null
sleep 4

forget
mark cable_pulled
echo 0 >/sys/bus/usb/devices/1-1.1/authorized
wait_for 20 'kind="result"' heater verified off
forget
mark cable_back
echo 1 >/sys/bus/usb/devices/1-1.1/authorized
wait_for 60 'kind="result"' heater verified on
wait_for 60 'kind="result"' horn verified on

mark killed
kill -9 $daemon
wait $daemon 2>/dev/null
SERVICE_RESULT=signal EXIT_CODE=killed EXIT_STATUS=KILL timed safe_after_kill sh -c "$STOP_POST"
mark helped
sleep 2

mark started_again
started "$START"
wait_for 10 'kind="mode"' run started
for output in heater horn lights pump; do wait_for 60 'kind="result"' $output verified on; done
say "entries $(sunkeep journal | grep -c .)"
mark power_cut
echo "cut the power now"
sleep 60
