# Words of the uninstallation.

operation-title-uninstall = Removal of { $release }
uninstall-no-way-back = what was removed cannot be brought back
step-clear-node = Clear away what Kubernetes left running
step-remove-kubernetes = Remove the files of Kubernetes
step-remove-volumes = Delete the data of the applications
step-remove-store = Remove the parts of the release
step-hand-over-removal = Hand over to what removes Bridle itself
step-keep-secrets = Keep the passwords that the data were made with ({ $count })

missing-node-traces = Kubernetes left something behind: { $what }
missing-kept-secret = the secret { $secret } in { $namespace } is not kept yet
missing-removal-unit = what removes Bridle itself is not in place

removal-volume = data
removal-secrets = passwords of the data
removal-configuration = configuration, publishers’ keys, the site’s authority
removal-receipt = account of what was here before
removal-running = services, programs in containers, their network and rules
removal-kubernetes = files of Kubernetes
removal-store = parts of the release
removal-programs = programs and service of Bridle
removal-history = journals and last state

removal-item = { $thing }: { $name }
uninstall-of = Removal of { $release } from this server
uninstall-of-nothing = Removal of Bridle from this server; no release was ever begun
uninstall-goes = What goes
uninstall-stays = What stays
uninstall-stays-nothing = nothing: the server is as it was before Bridle came
uninstall-stays-why = An installation on this server finds what stays and uses it again.
uninstall-steps = Steps
uninstall-total = { $size } in all
uninstall-dry-run = This was only the list; nothing was changed.
uninstall-keep-means = Users can no longer reach the platform. The data stay on this server; everything else of it goes and cannot be brought back but by installing again.
uninstall-delete-means = Users can no longer reach the platform, and ALL ITS DATA ARE LOST FOR GOOD, also for later installations. Make a backup first if anybody may need them.
uninstall-ask = Remove it now?
uninstall-ask-name = Type { $name } to delete the platform with all its data [or { $flag }]:
uninstall-nothing-changed = Nothing was changed.
uninstall-stop-means = Once begun, the removal goes on by itself, also after a restart of the server.
uninstall-waking = The agent does not run; starting it…
uninstall-last-act = Bridle removes itself…
uninstall-done-keep = Everything is gone but the data. To use them again, install on this server.
uninstall-done-delete = Everything is gone. The server is as it was before the installation.
end-uninstalled = { $release } is removed. It took { $time }.
end-uninstalled-next = Bridle’s own programs and service go last, by themselves.
kept-readme = These are the passwords that the data in ../volumes were made with. Keep this folder with the data: an installation on this server takes the passwords over and then removes the folder. Show it to nobody.

BR-1140 = Removing the platform must be confirmed, and nobody can be asked.
    .why = The input is not a terminal.
    .fix = Look at what goes and what stays with: bridle uninstall --dry-run. Then add: { $flag }
BR-1141 = The name { $found } is not the one of this platform.
    .why = Deleting all data is confirmed by the name of the site or of the release, so that nobody does it on the wrong server.
    .fix = See the name with: bridle uninstall --delete-data --dry-run. Then: --confirm NAME
BR-1142 = The server is no longer as it was when the removal was confirmed.
    .why = What is confirmed is what runs; something changed in between.
    .fix = Look again and confirm again: bridle uninstall
BR-1143 = Something is still mounted at { $path }.
    .why = Removing files there would reach into another disk or folder, so it was left alone.
    .fix = See who uses it with: fuser -vm { $path }. End that program, then: bridle operation retry
BR-1144 = The passwords that the data were made with cannot be kept: { $what }.
    .why = The cluster holds them and does not give them. Without them the data that stay could not be opened again.
    .fix = Mend the cause, then: bridle operation retry. If the data are not needed: bridle operation skip --reason TEXT
BR-1145 = The account of what was on this server before cannot be used: { $path }.
    .why = Without it Bridle could remove what is not its own.
    .fix = Bring the file back from a backup, or move it away: then only what is Bridle’s by its name is removed. Then: bridle operation retry
BR-1146 = A removal was begun and has not come to its end.
    .why = Bridle is removing itself at this moment, or something holds it up.
    .fix = Look at: journalctl -u bridle-removal. It is tried again by itself; to try now: systemctl restart bridle-removal
BR-1147 = A removal cannot be taken back.
    .why = What is gone is gone.
    .fix = Let it go on with: bridle operation retry, or after a pause with: bridle operation continue. Then install again.

help-bridle-uninstall = Remove the platform and Bridle from this server
    .more =
        Shows first what goes and what stays. Data of the applications stay unless --delete-data says otherwise: with them
        stay configuration, keys and the passwords of the data, so that a new installation on this server finds and uses them.
        What was on the server before the installation is never touched. Once begun, the removal goes on by itself, also
        after a restart of the server; Ctrl-C only leaves this command.
    .examples =
        bridle uninstall --dry-run # only show what goes and what stays
        bridle uninstall # asks first, keeps the data
        bridle uninstall --delete-data --confirm campus-demo # everything, without a question
    .keep-data = Keep the data of the applications (this is the default)
    .delete-data = Delete the data of the applications, for good
    .confirm = Name of the site or of the release, instead of typing it
    .dry-run = Only show what goes and what stays, with sizes
    .yes = Do not ask; only where the data are kept
help-bridle-last-act = The end of an uninstallation; started by its service, not by people
    .examples = systemctl restart bridle-removal
