# Words of backups: sets, retention, schedules, prune, the lease, logs of databases, the recovery code.

backup-alarm-incomplete = Set { $set } lacks { $count ->
    [one] a snapshot
   *[other] { $count } snapshots
}: its data are lost.
backup-alarm-vanished = Set { $set } is gone from the repository, and nobody let it go.
backup-alarm-unproven = { $object } was altered, moved, or written by somebody without the key.
backup-alarm-newer = { $object } was written by a newer version of Bridle.
backup-alarm-unreadable = { $object } cannot be read.

retention-preview = { $staying } sets stay, { $going } go.
retention-stays = { $made } ({ $set }) stays:
retention-goes = { $made } ({ $set }) goes: no rule keeps it.
retention-newest = the newest set
retention-newest-whole = the newest set in which no file changed while it was read
retention-newest-proven = the newest set that was read back
retention-newest-restored = the newest set that a restore test proved
retention-used = a restore, a copy or a test uses it now
retention-pinned = somebody pinned it
retention-ahead = its time has not come yet: a clock was wrong
retention-tagged = carries the tag { $tag }
retention-last = one of the newest
retention-hour = the newest of its hour
retention-day = the newest of its day
retention-week = the newest of its week
retention-month = the newest of its month
retention-year = the newest of its year
retention-minimum = fewer would be left than the rules want

schedule-hours = Every { $count ->
    [one] hour
   *[other] { $count } hours
} ({ $zone })
schedule-minutes = Every { $count } minutes ({ $zone })
schedule-daily = Every day at { $time } ({ $zone })
schedule-weekly = Each week ({ $days }) at { $time } ({ $zone })
schedule-monthly = On day { $day } of every month at { $time } ({ $zone })
schedule-held-operation = Waits until { $operation } has ended.
schedule-held-critical = Waits until the critical period { $name } is over.

prune-listing-doubtful = The list of snapshots did not come to its end, or the store is not known to list everything.
prune-listings-differ = Two lists of snapshots differ by { $count }.
prune-snapshots-missing = { $count } snapshots that sets need are not in the list.
prune-alarms = { $count } alarms about sets are open.
prune-too-many = { $going } of { $of } sets would go at once.
prune-nothing-left = No set would be left.
prune-preview-stale = The sets are not those that the rules were asked about.
prune-check-old = The repository was not checked in the last 24 hours.
prune-check-failed = The last check found { $count } errors.
prune-lease-lost = This installation does not hold the repository for long enough.
prune-operation = { $operation } has not ended.
prune-keep-too-short = Unused data would be kept for less than 7 days, or packs repacked that are younger than a day.

lease-other-installation = The repository belongs to { $site } (last there: { $renewed }).
lease-other-life = The host { $host } of this installation was here at { $renewed } and may still run.
lease-replaced = The host { $host } took over this repository (number { $token }). This host is the one before it.
lease-clock = The repository was last renewed at { $renewed }, which is in the future: a clock is wrong.
lease-damaged = The mark of who owns the repository cannot be read.
lease-exhausted = The mark of who owns the repository cannot be raised any further.

range-nothing = Nothing can be restored: no set has a complete log.
range-before-oldest = Nothing is that old. The earliest moment is { $oldest }.
range-in-gap = The log has a gap there. What can be restored ends at { $before } and begins again at { $after }.
range-not-yet = The log in the repository ends at { $latest }.
range-future = This moment has not come yet.
range-set-unknown = There is no such set with a complete log.
range-point-unknown = There is no restore point of this name that can be reached.
range-point-ambiguous = Several restore points have this name.

wal-command-other = The database does not archive its log with the command that it was given.
wal-archive-ahead = The archive holds more log than the database has written: it is the log of another database, or the database went back.
wal-disk-fills = The log that waits to be archived is { $share } % of the space that is left for it. When the disk is full the database stops.
wal-behind = { $segments } segments of the log wait to be archived, the oldest for { $minutes } minutes; { $failed } attempts failed.

recovery-sheet-title = Recovery code of { $site }
recovery-sheet-made = Made { $time }. Key { $key }.
recovery-sheet-why = Whoever has this code and a copy of the backups can read all data. Without it the backups are of no use once the servers are gone.
recovery-sheet-group = Group { $number }:  { $group }
recovery-sheet-keep = Keep this sheet on paper, in two places, neither of them beside the servers. 0 is zero and 1 is one: there is no letter O, I, L or U.
recovery-sheet-recover = To recover on a new server, run the installer of the release: ./RELEASE.run recover --from { $place }
recovery-sheet-restic = Without Bridle, restic opens the backups. Put the 13 groups into a file, in capitals, with dashes between them and nothing else (ABCDE-FGHJK-…), then type:
recovery-sheet-restic-command = restic -r { $place } --password-file FILE snapshots

BR-1440 = The recovery code is mistyped. Look at group { $groups }.
    .why = Each group has a check of its own; these do not fit.
    .fix = Compare these groups with the sheet and type the code again. 0 is zero and 1 is one.
BR-1441 = The recovery code does not open this repository.
    .why = It is the code of another repository or an older one, or the wrapped key was altered.
    .fix = Look for the sheet whose date and key fit this repository. Another copy of the repository may have a wrapped key that opens.
BR-1442 = The backup is not complete in the repository, so it does not count: { $missing } parts are missing.
    .why = A set is written last, and only when every snapshot and every piece of the log that it needs is in the same repository.
    .fix = Start the backup again. If this comes again, see what the repository answers with: bridle repository check
BR-1443 = Something is wrong with sets in the repository { $repository }.
    .why = A set that was there is gone, altered, or lacks data. The other sets are not touched by it.
    .fix = Remove nothing. Look at the list with: bridle repository check, and restore from another repository if you need that set.
BR-1445 = The repository { $repository } is not written to.
    .why = Another installation, or another host of this one, owns it. Two writers would spoil it for both.
    .fix = Use another repository. If the other one is gone for good, take the repository over by typing the name that is asked for.
BR-1446 = This moment cannot be restored.
    .why = Only moments whose log is complete and verified are offered.
    .fix = Choose a moment in one of the ranges that are shown.
BR-1447 = The repository has another content for { $file }.
    .why = The same piece of a log was written twice with different content: two databases write to one place, or one went back without a new place.
    .fix = Nothing is written over. Stop the database that should not be there, then make a new backup.
BR-1448 = A record in the repository cannot be believed: { $object }.
    .why = Its proof does not fit: it was altered, moved, or written with another key or by a newer version.
    .fix = Check the repository with: bridle repository check
BR-1449 = The schedule { $text } cannot be read.
    .why = It is no schedule that Bridle knows.
    .fix = Write it as one of these: every day at 02:30, every 4 hours, every 30 minutes, weekdays at 01:00, sundays at 03:00, on day 1 of every month at 04:00
BR-1450 = The rules of retention cannot be followed.
    .why = They would keep nothing, or a number is too large. Until they are mended nothing is removed.
    .fix = Keep at least one set, and no more than 10000 by one rule.
recovery-groups-found = { $found } groups were typed; the code has { $wanted }.
recovery-together = Every group could be right, but together they are no code: groups of two sheets may be mixed.

vault-hold-lease = Become the only writer of { $repository }
vault-release-lease = Let { $repository } go
vault-save = Save { $source }
vault-mark-logs = Set a restore point in { $sources }
vault-logs-archived = Wait until the log of { $sources } is in the repository
vault-audit = Read back { $percent } % of what was saved
vault-commit = Write set { $set }
vault-copy = Copy the set to { $repository }
vault-forget-sets = Remove { $count } sets from the list
vault-forget-snapshots = Remove { $count } snapshots
vault-prune-data = Free space that nothing uses any more
vault-prune-logs = Remove logs that no set needs
vault-check-all = Check { $repository }
vault-scratch = Make the namespace { $namespace } for the test
vault-sealed = Try that nothing is reached from { $namespace }
vault-scratch-gone = Remove the namespace { $namespace }
vault-safety-copy = Keep a copy of { $sources } as it is now
vault-stop = Stop what uses { $sources }
vault-start = Start what uses { $sources }
vault-load = Restore { $source }
vault-compare = Compare { $sources } with what was counted when it was saved
vault-record-verification = Note the result beside set { $set }

operation-title-backup = Backup of { $release }
wait-repository = other work on { $repository } to end
missing-backup = { $what } is not done yet
