# Words of the faces: command line, installer, terminal screen.

sign-pending = not begun
sign-running = running
sign-waiting = waiting
sign-done = done
sign-failed = failed
sign-skipped = left out
sign-undone = taken back
sign-approved = confirmed
sign-paused = paused
sign-rolling-back = going back
sign-stopped = stopped
sign-works = works
sign-busy = changing
sign-attention = attention
sign-problem = problem
sign-unknown = unknown
sign-ready = ready
sign-not-ready = not ready
sign-blocks = blocks
sign-info = information

label-why = WHY
label-do = DO
label-detail = CAUSE
fault-more = More: { $program } explain { $code }

status-release = { $release } at { $site }, { $address }
status-no-release = no release is installed yet
status-last-known = last known state of { $time }, read from disk
status-nothing-known = nothing was written on disk yet
status-host = { $name }: { $used } of { $memory } memory in use, { $free } of { $disk } disk free, load { $load } on { $cpus } { $cpus ->
    [one] processor
   *[other] processors
}
heading-operation = Operation
heading-servers = Servers
heading-services = Services

operation-title-install = Installation of { $release }
operation-none = No operation has run yet.
operation-at-step = step { $step } of { $steps }: { $title }
operation-progress = { $percent } % after { $time }
operation-pause-asked = stops after this step
operation-paused-now = The operation is paused. It goes on with: bridle operation continue
operation-goes-back = The operation takes its steps back.
step-already = in order already
step-attempt = attempt { $attempt }
step-waits = waiting for { $time }: { $what }
step-waits-since = waiting since { $time }: { $what }
step-progress = { $done } of { $total }
step-stopped-as-told = stopped, as was asked
step-failed = attempt { $attempt } failed: { $what } ({ $code })
step-skipped-by = left out by { $by }: { $reason }

failure-step = Step { $step } of { $steps } failed: { $title }
failure-now = NOW: the operation waits for you. Steps that are done stay as they are; nothing else is changed.
failure-retry = try this step again (after mending the cause)
failure-skip = go on without this step (the reason is kept)
failure-abort = take back everything that the operation did

attach-starting = Waiting for the agent to start…
attach-hint = Ctrl-C leaves; the operation goes on.
attach-left = You have left; the operation goes on. Re-join with: bridle operation attach { $id }
attach-lost = The operation goes on by itself as soon as the agent runs. Re-join with: bridle operation attach { $id }
attach-reconnecting = Reconnecting… the operation is not affected by this.
attach-connected = Connected again.
end-committed = { $release } is installed and works. It took { $time }.
end-changed = { $release } is in use now and works. It took { $time }.
end-configured = The new configuration is in force, and everything works. It took { $time }.
end-recreated = The applications of { $release } were made anew and work. It took { $time }.
end-address = Address: { $address }
end-next = See the state at any time with: bridle status
end-rolled-back = Everything was taken back, after { $time }.

ask-hint = [y/N, or { $flag }]
ask-hint-only = [y/N]
ask-abort = Take back everything that { $id } did?
nothing-done = Nothing was done.
command-accepted = Accepted. Watch it with: bridle operation attach { $id }

release-none = There is no release in the store.
release-figures = { $images } images, { $size }, added { $added }
release-current = installed

install-verified = Signature and content of { $release } are in order. Publisher key { $key }
install-verified-untrusted = Signature and content of { $release } agree with the key { $key } inside the file. This host does not trust that key yet.
install-fingerprint = Fingerprint of the publisher’s key: { $fingerprint }
install-ask-key = Compare this fingerprint with the one that the publisher gave you by another way. Is it the same?
install-plan = Installation of { $release } on { $host } ({ $address })
install-plan-digest = Plan: { $digest }
install-plan-address = Users will reach it at { $address }
install-plan-files = What is placed on this host
install-plan-steps = Steps that the agent then does
install-plan-undo = if it fails, by itself: { $undo }
install-plan-no-undo = if it fails: nothing to take back
install-plan-cannot-undo = if it fails: cannot be taken back: { $why }
install-plan-limit = at most { $limit } for each of { $attempts } { $attempts ->
    [one] attempt
   *[other] attempts
}
install-place-store = parts of the release, { $size }: { $path }
install-place-programs = programs: { $path }
install-place-link = command: { $path }
install-place-site = configuration of this site: { $path }
install-place-trust = publisher’s key: { $path }
install-place-unit = service: { $path }
install-findings-none = Checks of this host: all in order.
install-findings = Checks of this host
install-ask = Install it now?
install-nothing = Nothing was changed.
install-plan-only = This was only the plan; nothing was changed.
install-ask-name = Name of this site (a-z, 0-9, -) [{ $default }]
install-ask-host = Host name under which users reach it [{ $default }]
install-check = Checking the whole file: { $done } of { $total }
install-ingest = Copying the parts of the release: { $done } of { $total }
install-placed = Everything is in place. The agent now does the work; closing this window does not stop it.
install-already = { $release } is already installed; nothing to do.
install-running = { $release } is being installed already. Joining it.
install-stopped = Stopped. Nothing runs by itself yet; the same command goes on where this one stopped.

inspect-release = { $name } { $version }, sequence { $sequence }, for { $architecture }
inspect-kubernetes = Kubernetes { $version }
inspect-size = { $images } images, { $parts } parts, { $size }
inspect-unverified = The signature was not checked against a key that you trust; this is what the file says about itself.
inspect-charts = Parts of the platform
inspect-images = Images
inspect-programs = Programs
verify-ok = { $release } is whole and signed by a trusted key: { $fingerprint }

tui-home = Home
tui-operation = Operation
tui-help = Help
tui-log = Events
tui-state = State
tui-servers = Servers
tui-services = Services
tui-server-figures = This server
tui-no-operation = No operation runs.
tui-nothing-here = Nothing to show yet.
tui-health-ok = Everything works.
tui-health-busy = An operation is changing things; this is normal.
tui-health-attention = It works, but something needs attention.
tui-health-problem = Something does not work.
tui-health-unknown = The present state cannot be seen.
tui-too-small = This window is too small: 40 columns and 15 lines are needed, it has { $columns } and { $lines }.
tui-left = You have left the screen; what runs goes on. Come back with: bridle tui
tui-offline = The agent does not answer. Look at: systemctl status bridle-agent
tui-memory = memory { $used } of { $total }
tui-disk = disk { $free } free of { $total }
tui-load = load { $load }, { $cpus } { $cpus ->
    [one] processor
   *[other] processors
}
tui-ask-abort = Really take everything back? What is done is undone step by step.
tui-accepted = Accepted.
tui-sent = Sent to the agent…
tui-more = and { $count } more
key-up-down = Up/Down
key-enter = Enter
key-escape = Esc
key-open = open
key-back = back
key-help = help
key-language = français
key-quit = leave
key-pause = pause
key-continue = go on
key-retry = try again
key-abort = take back
key-quit-long = leave at once; the operation goes on
key-open-long = open what is chosen
key-back-long = one step back; on the first screen, leave
key-help-long = this help, on every screen
key-language-long = change the language: English, français
key-pause-long = stop the operation after the running step
key-continue-long = go on after a pause
key-retry-long = try the failed step again
key-abort-long = take back everything that the operation did (asks first)
event-approved = confirmed by { $by }
event-taken-up = taken up by agent { $agent }
event-intent = step { $step } begins, attempt { $attempt }
event-intent-undo = step { $step } is being taken back, attempt { $attempt }
event-done = step { $step } done in { $time }
event-already = step { $step } was done before
event-undone = step { $step } taken back in { $time }
event-told-to-stop = step { $step } ended early: everything is to go back
event-failed = step { $step }, attempt { $attempt } failed: { $what } ({ $code })
event-skipped = step { $step } left out by { $by }: { $reason }
event-commanded = { $by } said: { $command }
event-state = operation: { $state }
key-left-right = Left/Right
key-choose = choose
key-choose-long = choose a button
key-scroll = scroll
key-scroll-long = move in a long list
tui-yes = Yes, take everything back
tui-no = No, go back
tui-leave = Leave
tui-release = Release { $release }
tui-no-release = No release is installed yet.
tui-step-of = step { $step } of { $steps }
