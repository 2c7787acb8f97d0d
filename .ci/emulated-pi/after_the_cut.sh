# The life after the power cut, as user pi, who may not touch GPIO memory.
. /etc/sunkeep/guest.sh
chown -R pi /data/sunkeep /run/sunkeep

mark begin
started "su pi -c '$START'"
wait_for 10 'kind="mode"' run started
wait_for 60 'kind="device"' shunt health TEXT alive, HEX alive
wait_for 60 'kind="result"' horn verified on
wait_for 60 'kind="result"' lights verified on
su pi -c "sunkeep status" | tee /tmp/status
grep -q 'yes .*somebody should look' /tmp/status || { echo "the latch was lost"; exit 1; }
grep -q 'no .*full battery heats' /tmp/status || { echo "no fresh decision"; exit 1; }
grep -A3 'pump .*asked on' /tmp/status | grep -q 'decided off' || { echo "the pump may start"; exit 1; }
forget
mark acknowledged
su pi -c 'sunkeep acknowledge "somebody should look"' || exit 1
wait_for 30 'kind="result"' horn verified off

mark stopped
pid=$(pidof sunkeep)
kill $pid
before=$(uptime_s)
while [ -d /proc/$pid ]; do usleep 100000; done
say "stop_s $(echo "$(uptime_s) $before" | awk '{ printf "%.1f", $1 - $2 }')"
tail -n 3 $log
grep -q ' stopped ' $log || { echo "no orderly end"; exit 1; }
mark end
