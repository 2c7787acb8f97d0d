# The package on a whole Debian: installed by dpkg, started by systemd, watched over
# and begun anew by it, and removed without a trace. Ends at the first failure.
set -e
cd /root/handed
. ./guest.sh
# Marks are made by the program too, also when the package is gone.
dpkg -x sunkeep.deb /root/unpacked
PATH=$PATH:/root/unpacked/usr/bin
usleep() { sleep 0.1; }
value() { systemctl show sunkeep -p "$1" --value; }
trap 'status=$?; [ $status = 0 ] || { journalctl -u sunkeep -o short-monotonic --no-pager | tail -n 40; }' EXIT

# until SECONDS COMMAND...: again and again until it succeeds.
until_true() {
    tries=$(($1 * 5)); shift
    until "$@"; do
        tries=$((tries - 1)); [ $tries -gt 0 ] || { echo "waited in vain for: $*"; exit 1; }
        sleep 0.2
    done
}
is_active() { [ "$(value ActiveState)" = active ]; }
status_says() { value StatusText | grep -q "$1"; }
restarted() { [ "$(value NRestarts)" -gt "$1" ]; }

dpkg -i sunkeep.deb
mark installed
until_true 60 is_active
until_true 20 status_says "mode observe"
[ "$(stat -c %U /proc/$(value MainPID))" = sunkeep ]
say "installed and ready, as user sunkeep: $(value StatusText)"
systemd-analyze verify sunkeep.service
systemd-analyze security --threshold=20 --no-pager sunkeep.service | tail -n 1

sed 's#/data/sunkeep#/var/lib/sunkeep#' etc/config.toml >/etc/sunkeep/config.toml
cp etc/rules/*.rhai /etc/sunkeep/rules/
sunkeep check
: >$log
journalctl -f -n 0 -u sunkeep -o cat >>$log &
systemctl restart sunkeep
wait_for 60 'kind="mode"' started
wait_for 60 'kind="device"' mppt health TEXT alive, HEX alive
wait_for 60 'kind="device"' shunt health TEXT alive, HEX alive
mark armed
sunkeep arm
acting() { for output in heater horn lights; do wait_for 90 'kind="result"' $output verified on; done; }
acting
until_true 10 status_says "mode run"
say "acts: $(value StatusText)"

cp /etc/sunkeep/config.toml /tmp/config.before
forget
dpkg -i sunkeep.deb
cmp /etc/sunkeep/config.toml /tmp/config.before
wait_for 90 'kind="mode"' started
acting
say "installed once more: the configuration is kept, the service runs again"

forget
mark hung
restarts=$(value NRestarts)
kill -STOP "$(value MainPID)"
until_true 90 restarted "$restarts"
journalctl -u sunkeep --no-pager | grep 'Watchdog timeout' | tail -n 1
wait_for 90 'kind="mode"' run started
mark watched
acting

forget
mark killed
kill -KILL "$(value MainPID)"
wait_for 90 'kind="mode"' run started
mark restarted
acting

mark stopped
timed stop systemctl stop sunkeep
[ "$(value ActiveState)" = inactive ]
mark still
forget
systemctl start sunkeep
for death in 1 2 3 4 5; do
    wait_for 90 'kind="mode"' started
    forget
    kill -KILL "$(value MainPID)"
done
wait_for 90 'kind="alarm"' "crash loop"
sunkeep status | grep -q '^mode safe'
mark looped
say "five deaths: $(value StatusText)"

dpkg -r sunkeep
mark removed
[ -e /etc/sunkeep/config.toml ] && [ -e /var/lib/sunkeep/journal.db ] && [ ! -e /usr/bin/sunkeep ]
! systemctl is-active sunkeep
dpkg -P sunkeep
[ ! -e /etc/sunkeep ] && [ ! -e /var/lib/sunkeep ] && [ ! -e /run/sunkeep ]
say "removed, the site's memory kept; purged, and it is gone"
mark end
