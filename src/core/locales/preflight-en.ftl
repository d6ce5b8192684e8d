# Words of the preflight: findings with `.why` and `.fix` (lines to type follow by themselves), safe cures, mistakes in the site file.

check-architecture = The processors are { $found }, the release is for { $wanted }.
    .why = Its programs cannot run here.
    .fix = Ask the publisher for the file for { $found }.
check-root = The installer has no administrator rights.
    .why = Programs and services of the server are changed, and not every check can be made without them.
    .fix = Run it again with sudo in front of it.
check-systemd-absent = systemd does not run on this server.
    .why = Bridle’s services are started by systemd.
    .fix = Use a supported system: Debian 12 or 13, Ubuntu 22.04 or 24.04.
check-systemd-old = systemd { $found } is too old, { $wanted } is needed.
    .why = Older ones lack settings that keep the services safe.
    .fix = Upgrade the operating system to Debian 12, Ubuntu 22.04 or newer.
check-os = The system { $found } { $version } was not tested.
    .why = It may work; the publisher tests Debian 12 and 13, Ubuntu 22.04 and 24.04.
    .fix = Use a tested system if you can.
check-cgroup-v1 = The server uses the old control groups (v1).
    .why = Kubernetes is giving them up; limits of memory are less sure.
    .fix = Remove systemd.unified_cgroup_hierarchy=0 from the kernel’s command line and reboot, or set kubernetes.allow_cgroup_v1 = true in the site file.
check-cgroup-v1-allowed = The server uses the old control groups (v1), as the site file allows.
    .why = Kubernetes is giving them up.
    .fix = Plan to move to version 2.
check-cgroup-none = The server has no control groups.
    .why = Kubernetes starts no program without them.
    .fix = Start the server with the system’s usual kernel and systemd.
check-controller = The control groups lack “{ $controller }”.
    .why = Kubernetes cannot hold programs to their limits without it, and does not start.
    .fix = Take cgroup_disable={ $controller } out of the kernel’s command line, or add cgroup_enable={ $controller }, and reboot.
check-selinux = SELinux is enforcing.
    .why = This is not supported yet: pods could be refused their volumes.
    .fix = Set it to permissive, and SELINUX=permissive in /etc/selinux/config for the next start.
check-memory = The server has { $found } MiB of memory, { $wanted } MiB are needed.
    .why = Programs would be stopped for lack of memory.
    .fix = Give the server more memory.
check-cpus = The server has { $found } { $found ->
        [one] processor
       *[other] processors
    }, { $wanted } are needed.
    .why = The platform would be too slow to start.
    .fix = Give the server more processors.
check-swap = The server has { $found } MiB of swap space.
    .why = Kubernetes can run beside it, but its database answers late whenever its memory is on disk.
    .fix = Turn it off if the memory suffices, also in /etc/fstab.
check-name-invalid = The server’s name “{ $name }” cannot be the name of a Kubernetes node.
    .why = Only lower-case letters, digits, hyphens and points are allowed, at most 63 of them (RFC 1123).
    .fix = Choose another name.
check-name-localhost = The server is called “localhost”.
    .why = The name stands for every server; certificates and the cluster need one of its own.
    .fix = Choose a name of its own.
check-name-unstable = The server is called “{ $name }” now, but “{ $stored }” after the next start.
    .why = Kubernetes would take it for another server, and the platform would not come back.
    .fix = Keep one name.

check-clock-past = The clock says { $time }; no release was built before { $earliest }.
    .why = Certificates made now would not be valid, and backups would be sorted wrongly.
    .fix = Set the clock, and check the battery of the server’s clock.
check-clock-behind = The clock says { $time }, but the system has files of { $newest }.
    .why = The clock seems to have gone back; certificates would not be valid once it is right.
    .fix = Check the clock and its time server.
check-clock-future = The clock says { $time }.
    .why = That is more than twenty years after this program; certificates made now would not be valid once it is right.
    .fix = Check the clock and its time server.

check-foreign = Another Kubernetes or container engine is there, { $engine }: { $path }
    .why = Both would want the same ports, network rules and control groups.
    .fix = Use another server, or remove it. Stop it first, then remove its package; its data is yours to keep or delete.
check-foreign-data = An earlier { $engine } left data: { $path }
    .why = It is in nobody’s way, but takes space.
    .fix = Delete it yourself if nobody needs it.
check-drop-in = The file { $path } replaces settings of Kubernetes on which upgrades depend ({ $key }).
    .why = Until an upgrade is confirmed, the new Kubernetes must behave like the one before. With this file it would not, and there would be no way back.
    .fix = Write a + behind the name of the setting ({ $key }+), so that it adds to the list of Bridle, and leave emulated-version out of it.
check-drop-in-unread = The file { $path } cannot be looked at: it cannot be read, it is too large, or there are too many of its kind.
    .why = It may replace settings of Kubernetes on which upgrades depend.
    .fix = Join your settings for k3s in a few small files.
check-command = A file that is not Bridle’s is already called { $path }.
    .why = The command { $name } would have to stand there, and nothing of yours is replaced.
    .fix = Find out whose it is (dpkg -S says it for packages), then remove its package or give it another name.
check-command-kept = A file that is not Bridle’s is already called { $path }; it stays as it is.
    .why = The release brings a { $name } of its own, which is not put on the path: yours may not fit this platform’s version of Kubernetes.
    .fix = For this platform use the one in /opt/bridle/current/bin (kubectl and ctr as k3s kubectl and k3s ctr), or give yours another name and install again.

check-kernel = The kernel lacks { $feature }.
    .why = Programs in containers, or their network, need it.
    .fix = If the kernel was upgraded since the last start, reboot. Otherwise install the system’s usual kernel.
check-module-barred = The kernel module { $module } may not be loaded: { $file } forbids it.
    .why = Programs in containers, or their network, need it.
    .fix = Remove the line from that file.
check-module-unloaded = The kernel module { $module } is not loaded yet.
    .why = It is loaded when Kubernetes starts; loading it now shows that it works.
    .fix = Load it now and at every start (installing with --fix does both).
check-parameter = The kernel parameter { $parameter } is { $found }, { $wanted } or more is advised.
    .why = Each pod, log and watched file takes one; when none is left, programs do not start or miss changes.
    .fix = Raise it now and for every start (installing with --fix does both).

check-read-only = { $path } cannot be written: { $mount } is mounted read-only.
    .why = Parts of the platform are kept there.
    .fix = Look at: dmesg (a damaged disk is made read-only). Then make it writable.
check-noexec = Programs in { $path } may not be run: { $mount } is mounted with noexec.
    .why = The platform’s own programs are there.
    .fix = Allow it, also in /etc/fstab.
check-in-memory = { $path } is in memory ({ $kind }).
    .why = Everything there is gone after a restart.
    .fix = Put it on a disk.
check-file-system = The file system of { $path } is { $kind }, which cannot hold images and the database of Kubernetes.
    .why = Layers of images are put over each other (overlayfs), which needs a local Linux file system.
    .fix = Put it on ext4 or xfs.
check-entry-kinds = The file system of { $path } ({ $kind }) does not tell the kind of directory entries.
    .why = Layers of images are put over each other (overlayfs), which needs that.
    .fix = Put it on ext4, or on xfs that was made with ftype=1. See with: xfs_info { $path }
check-attributes = The file system of { $path } ({ $kind }) does not keep the kernel’s own file attributes.
    .why = Layers of images are put over each other (overlayfs), which needs them.
    .fix = Put it on ext4 or xfs, without the option nouser_xattr.
check-durable = What is written and synced in { $path } ({ $kind }) cannot be read back.
    .why = After a power cut nothing there could be relied on.
    .fix = Look at: dmesg, and at the health of the disk. Put it on another one.
check-sync-slow = The disk under { $path } needs { $p99 } ms until the slowest writes are safe, { $median } ms for half of them; { $advice } ms are advised.
    .why = The database of Kubernetes waits for each one: nothing would be ready in time.
    .fix = Use a faster disk (an SSD), or stop what keeps this one busy. Look at: iostat -x 1
check-sync = The disk under { $path } needs { $p99 } ms until the slowest writes are safe, { $median } ms for half of them; { $advice } ms are advised.
    .why = The database of Kubernetes waits for each one: under load it answers late.
    .fix = Use a faster disk (an SSD) if you can. Look at: iostat -x 1

check-disk = At { $mount } there are { $found } MiB free, { $wanted } MiB are needed for { $paths }.
    .why = Installing would fill the disk and stop half-way.
    .fix = Enlarge it, or free some space there; du shows what takes it.
check-inodes = The file system at { $mount } has room for only { $found } more files, { $wanted } are needed for { $paths }.
    .why = Unpacked programs consist of many small files.
    .fix = Remove files there, or use a file system with more inodes; du shows where most of them are.

check-address = The server has no address that others can reach.
    .why = Users could not get to the platform.
    .fix = Configure the network, then try again.
check-address-foreign = The site file says address { $address }, but this server has { $found }.
    .why = Kubernetes cannot use an address that is not its own.
    .fix = Correct the address in the site file.
check-addresses-several = The server has several addresses; { $address } will be used, not { $others }.
    .why = The address of the server cannot be changed easily later.
    .fix = Choose one in the site file, above all its tables.
check-default-route = The server has no default route.
    .why = Kubernetes finds its own address by it, even without internet.
    .fix = Set one that stays, in the settings of the network.
check-mtu-small = Packets on { $interface } have at most { $mtu } bytes, { $wanted } are needed.
    .why = The network of the pods takes 50 bytes of each; connections would hang as soon as they carry data.
    .fix = Raise it, there and on the devices between the servers.
check-mtu-low = Packets on { $interface } have at most { $mtu } bytes instead of { $usual }.
    .why = It works if the whole network is so. If it is a mistake, connections hang as soon as they carry data.
    .fix = Ask the network’s administrators. If it is a mistake, set the usual size.
check-mtu-odd = Packets on { $interface } have up to { $mtu } bytes instead of { $usual }, an unusual size.
    .why = Every device of the network must take packets of this size, or connections hang as soon as they carry data.
    .fix = Ask the network’s administrators. If it is a mistake, set the usual size.
check-name-server-loopback = The server asks only itself for names ({ $server }).
    .why = Programs in containers cannot ask there. They find each other all the same, but no other name of your network.
    .fix = If the applications need names of your network, give its name servers in the site file.
check-firewall = The firewall { $firewall } is active.
    .why = Users would not get to the platform, and its programs not to each other.
    .fix = Open what the platform needs.
check-range-size = { $kind ->
        [pods] The range of pods
       *[services] The range of services
    } “{ $range }” is none that Kubernetes can use.
    .why = It must be an IPv4 network with { $least } to { $most } leading bits, such as 10.42.0.0/16.
    .fix = Correct it in the site file, or ask the publisher if it is the release’s.
check-range-each-other = The ranges of pods ({ $pods }) and services ({ $services }) overlap.
    .why = Nobody could tell which one an address belongs to. The ranges cannot be changed after the installation.
    .fix = Choose free ones in the site file.
check-range-route = { $kind ->
        [pods] The range of pods
       *[services] The range of services
    } { $range } overlaps the network { $other } at { $interface }.
    .why = Whoever has an address in both could not reach the platform, nor be reached. The ranges cannot be changed after the installation.
    .fix = Choose free ones in the site file.
check-range-address = { $kind ->
        [pods] The range of pods
       *[services] The range of services
    } { $range } holds the server’s own address { $other }.
    .why = The server could not be reached any more. The ranges cannot be changed after the installation.
    .fix = Choose free ones in the site file.
check-range-name-server = { $kind ->
        [pods] The range of pods
       *[services] The range of services
    } { $range } holds the name server { $other }.
    .why = The server could not ask it any more. The ranges cannot be changed after the installation.
    .fix = Choose free ones in the site file.

check-port = { $protocol } port { $port } is in use.
    .why = The platform needs it.
    .fix = Stop the program that listens there, or move it; ss shows which one it is.
check-port-owned = { $protocol } port { $port } is in use by { $program } (process { $pid }).
    .why = The platform needs it.
    .fix = Stop that program, or move it to another port.
check-site-chart = The site file has values for “{ $chart }”, which is no part of this release.
    .why = They change nothing; perhaps the name is mistyped. The parts are: { $known }
    .fix = Correct the name, or remove the values.

cure-load-module = load the kernel module { $module }, now and at every start
cure-set-parameter = set the kernel parameter { $parameter } to { $value }, now and at every start
preflight-cures = These findings can be mended at once; what is changed is written down, and uninstalling takes it back:
preflight-cures-none = None of the findings can be mended by itself.
preflight-cures-ask = Mend them now?
preflight-cure-done = Done: { $title }
preflight-again = Checking this host again.
preflight-fix-hint = Those with a cure that is safe can be mended with: --fix

profile-field-unknown = Line { $line }, column { $column }: there is no field “{ $field }”. There are: { $known }.
profile-field-missing = The field “{ $field }” is missing.
profile-place = Line { $line }, column { $column }: this cannot be read.
profile-value = Line { $line }, column { $column }: “{ $value }” does not fit { $field }. { $field ->
    [address] It takes an IP address, such as 192.0.2.10.
    [host] It takes small letters, digits, - and . and begins with a letter or digit, such as campus.example.org.
   *[name] It takes small letters, digits and - and begins with a letter or digit.
}
profile-format = It has format { $found }, this program reads format { $known }.
profile-field-meant = Line { $line }, column { $column }: there is no field “{ $field }”. Did you mean “{ $meant }”?
profile-kind = Line { $line }, column { $column }: { $field } must be { $wanted ->
        [number] a whole number
        [flag] true or false
        [table] a table of its own
        [network] an IPv4 network in quotation marks, such as "10.44.0.0/16"
        [texts] a list of texts, such as ["192.0.2.53", "192.0.2.54"]
        [tables] a list of tables, each under a heading in double brackets
        [moment] a date or a time, such as 2026-08-25 or "22:00"
       *[text] a text in quotation marks
    }.
profile-language = Line { $line }, column { $column }: “{ $value }” does not fit language. It takes "en" or "fr".
profile-typed = “{ $value }” does not fit { $field }.

BR-1015 = The cure failed: { $cure }
    .why = The system refused it; see the cause below. What was changed before it is written down.
    .fix = Mend the finding by hand, then run the same command without --fix.
BR-1016 = The record of what the preflight changed is damaged: { $path }
    .why = Without it nobody can tell what has to be taken back.
    .fix = Check the disk. Keep a copy of the file, remove it, and look at /etc/modules-load.d and /etc/sysctl.d for files named bridle.
