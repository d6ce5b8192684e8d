# Words of repositories of backups as an administrator handles them: adding, checking, forgetting, the recovery code.

repository-none = No repository is known. Add one with: bridle repository add
repository-line = { $name }  { $place }
repository-protected = Protected: the recovery code was typed back on { $time }.
repository-unprotected = Not protected: nobody has proved to have its recovery code. Type it back with: bridle backup key rehearse { $name }
repository-unfinished = Not ready: adding it did not come to its end. Give the same command again.
repository-checked = Checked on { $time }: whole.
repository-checked-damaged = Checked on { $time }: { $count ->
    [one] one damage.
   *[other] { $count } damages.
}
repository-unchecked = Never checked.
repository-no-versions = The storage keeps no earlier versions: whoever has its access key can destroy what is in it.
repository-no-condition = The storage does not refuse a second writer by itself: make sure that only this installation writes to it.
repository-added = Repository { $name } is added.
repository-replaced = Repository { $name } is reached as told now.
repository-removed = Repository { $name } is forgotten here. Nothing in { $place } was deleted.
repository-remove-ask = Forget repository { $name } ({ $place })? Nothing there is deleted, and its recovery code is needed to add it again.
repository-shared-ask = { $place } lies on the disk of the data and does not help if that disk is lost. Use it all the same?
repository-sheet-once = This code is shown now and never again. Print it or write it down:
repository-sheet-next = Then prove that you have it: bridle backup key rehearse { $name }
repository-ask-code = Recovery code:
repository-ask-key-id = Access key:
repository-ask-secret = Secret key (not shown):
repository-check-progress = { $done } of { $total } read
repository-check-whole = Repository { $name } is whole: { $count ->
    [one] one snapshot
   *[other] { $count } snapshots
}.
repository-check-remark = Odd, and harmless: { $text }
repository-finding-key-gone = The wrapped key of the recovery code is not in the repository any more. Make a new code with: bridle backup key rotate { $name }
repository-finding-key-more = There is { $count ->
    [one] one further wrapped key
   *[other] { $count } further wrapped keys
} in the repository: another recovery code may open it.
repository-finding-owner-none = Nobody is named as the owner of the repository.
repository-finding-owner-other = { $site } is named as the owner of the repository, not this installation.
repository-finding-owner-damaged = The mark of who owns the repository cannot be read.
repository-lease-changed = Somebody else became its owner at this very moment.

key-line = { $name }: key { $key }, made { $made }
key-rehearsed = Typed back on { $time }.
key-not-rehearsed = Never typed back: backups there do not count as protected.
key-proved = The recovery code opens repository { $name }. It is protected.
key-rotated = Repository { $name } has a new recovery code. The old one opens it no more.
key-rotate-ask = Give repository { $name } a new recovery code? The sheet that exists is of no use then, and until the new code is typed back the repository is not protected.
key-which = Several repositories are known ({ $names }). Name one.

worker-ended-signal = A signal ended it ({ $signal }). Signal 6 or 9 mostly means that its memory ({ $memory }) was not enough.
worker-ended-code = It ended with code { $code }.

BR-1451 = The repository cannot be added: { $what ->
    [name] its name can have 1 to 40 of a-z, 0-9 and -.
    [directory] its folder must be a full path outside of the folders of Bridle and of the system.
    [endpoint] the address must be https://HOST or https://HOST:PORT, without name and password.
    [bucket] this can be no name of a bucket.
    [prefix] the prefix must be made of plain names between slashes.
    [region] this can be no region.
    [ca] there is no certificate (PEM) in the file of the authority.
    [credentials] an object store needs an access key, and a folder none.
    [count] there are as many repositories as there may be.
   *[other] { $what }
}
    .why = A repository needs a name of its own and a place that can be reached.
    .fix = Correct the command: bridle repository add
BR-1452 = There is no repository { $repository }.
    .why = It was never added here, or is forgotten.
    .fix = See which there are with: bridle repository list
BR-1453 = The repository { $repository } is known already, in { $place }.
    .why = Each repository has one name and one place.
    .fix = Choose another name or place. To give the same repository a new access key: bridle repository add --replace
BR-1454 = { $place } is empty space: nothing is mounted on { $point }.
    .why = The table of file systems (/etc/fstab) has a medium for it that is not there. Backups would fill the disk of this server, and vanish from sight when the medium is mounted.
    .fix = Mount it (mount { $point }) and give the command again.
BR-1455 = { $place } lies on the disk of the data.
    .why = If that disk is lost, the backups are lost with the data.
    .fix = Use another disk, a network folder or an object store. If it must be: bridle repository add --same-disk
BR-1456 = { $place } holds something else: { $what }.
    .why = Backups are put only where nothing else is, or into a repository of Bridle.
    .fix = Give an empty folder, or another prefix of the bucket.
BR-1457 = There is a repository in { $place } already, and this server has not its key.
    .why = It was made by another installation, or this server was made anew.
    .fix = Have its recovery code at hand and add it with: bridle repository add --recovery-code FILE
BR-1458 = This can be no access key of an object store.
    .why = The file must have the lines aws_access_key_id = … and aws_secret_access_key = …, each once.
    .fix = Correct the file, or type the key when asked: bridle repository add
BR-1459 = The process that works on the repository { $repository } ended without an answer.
    .why = Something ended it, or its memory was not enough. What is in the repository is whole.
    .fix = Give the command again. If this comes again, look at the memory that is free on this server.
BR-1460 = The repository { $repository } did not get done within { $seconds } seconds.
    .why = The storage or the network is very slow, or hangs. What is in the repository is whole.
    .fix = Look at the storage and the network, and give the command again.
BR-1461 = The work on the repository { $repository } was stopped.
    .why = Somebody stopped it, or the agent was stopped. What is in the repository is whole.
    .fix = Give the command again.
BR-1462 = Something else is being done with the repository { $repository }.
    .why = One thing is done with repositories at a time.
    .fix = Wait for its end and give the command again.
BR-1463 = The settings of the repositories cannot be read.
    .why = The file { $path } is damaged, or was written by a newer version.
    .fix = Put the file back as it was, or move it away and add the repositories again with their recovery codes: bridle repository add
BR-1464 = This server has not the key of the repository { $repository } any more.
    .why = The sealed file with it is missing or damaged, or its sealing key is. The backups are untouched.
    .fix = Bring the key back with the recovery code: bridle repository add --replace --recovery-code FILE
BR-1465 = The repository { $repository } is not ready.
    .why = Adding it was broken off.
    .fix = Give the same command once more: bridle repository add

help-bridle-repository = Repositories: where backups are kept
    .examples =
        bridle repository add disk --directory /mnt/backup
        bridle repository list
help-bridle-repository-add = Add a repository: a folder on another disk, or a bucket of an object store
    .more =
        Tries out what the storage can do, makes a repository there or opens the one that is there, and shows the recovery code of a new
        one, once. Backups in it count as protected when that code was typed back (bridle backup key rehearse). The access key of an
        object store is read from a file or from standard input, never from the command line.
    .examples =
        bridle repository add disk --directory /mnt/backup
        bridle repository add cloud --s3 campus-backup --endpoint https://s3.example --credentials key.txt
        bridle repository add disk --directory /mnt/backup --recovery-code code.txt # one that is there already
    .name = What it is to be called: a-z, 0-9 and -
    .directory = A folder that exists, on another disk than the data
    .s3 = A bucket that exists
    .endpoint = Address of the object store, https://HOST
    .region = Region of the object store, where it has some
    .path-style = The bucket stands in the path of the address, as most own servers want it
    .ca = File with the certificate (PEM) of the authority that signed the server’s
    .prefix = What the names of all objects begin with, if the bucket has other content, too
    .credentials = File with the access key (aws_access_key_id = …); without it, it is asked for or read from standard input
    .recovery-code = File with the recovery code of a repository that is there already
    .same-disk = Take a folder on the disk of the data all the same
    .take-over = Name of the site that the repository is taken over from, which must be gone for good
    .replace = The repository is known: give it a new access key, or its key back
help-bridle-repository-list = List the repositories, and whether they are protected
    .examples =
        bridle repository list
        bridle repository list --json # for programs
help-bridle-repository-check = Check a repository: is all there, and as it was written?
    .more = Damage ends with exit code 6. Ctrl-C ends the check and harms nothing.
    .examples =
        bridle repository check disk
        bridle repository check disk --read-data
    .name = Name of the repository
    .read-data = Read all data back, too: as long and as expensive as restoring everything
help-bridle-repository-remove = Forget a repository; nothing in it is deleted
    .examples =
        bridle repository remove disk
        bridle repository remove disk --yes # without a question
    .name = Name of the repository
    .yes = Do not ask
help-bridle-backup = Backups: making them, listing them, and their keys
    .examples =
        bridle backup start
        bridle backup list
help-bridle-backup-key = Recovery codes: what opens the backups when this server is gone
    .examples =
        bridle backup key show
        bridle backup key rehearse disk
help-bridle-backup-key-show = Which recovery codes there are and when they were typed back; never a code itself
    .examples =
        bridle backup key show
        bridle backup key show disk --json
    .name = Name of the repository; all of them if left out
help-bridle-backup-key-rehearse = Prove that you have the recovery code: type it, and it must open the repository
    .examples =
        bridle backup key rehearse disk
        bridle backup key rehearse disk < code.txt
    .name = Name of the repository; may be left out if there is only one
help-bridle-backup-key-rotate = Give a repository a new recovery code; the old one opens it no more
    .more =
        Do this when a sheet was lost or seen by somebody. Whoever copied the key itself while the old code was valid can still
        read the backups: then use a new repository.
    .examples =
        bridle backup key rotate disk
        bridle backup key rotate disk --yes # without a question
    .name = Name of the repository
    .yes = Do not ask
help-bridle-backup-worker = Works on a repository; started by the agent, not by people
    .examples = bridle backup-worker
help-bridle-backup-start = Make a backup now
    .more =
        Nothing is stopped. Data are copied on this server first, then saved, read back, and only then listed. Without a name the
        only repository is taken.
    .examples =
        bridle backup start
        bridle backup start --repository disk --detach
    .repository = Name of the repository
    .detach = Return at once; the backup goes on
help-bridle-backup-list = Backups that are whole, newest first
    .more = Ends with an error if a backup is gone, altered or lacks data.
    .examples =
        bridle backup list
        bridle backup list --repository disk --json
    .repository = Name of the repository; may be left out if there is only one
backup-none = There is no backup in { $repository } yet. Make one with: bridle backup start
backup-line = { $made } ({ $age } ago): { $set }
backup-holds = { $release }, configuration { $revision }, { $parts } parts, { $bytes } read, { $stored } new in the repository
backup-fuzzy = Files changed while they were read: it does not count as good.
help-bridle-backup-logs = How it stands with the logs of databases
    .more =
        Between two backups a database hands its log over, at least once a minute while it is used. What is in a repository can be
        recovered. Ends with an error if a log cannot be kept.
    .examples =
        bridle backup logs
        bridle backup logs --json
log-no-database = No database of this release hands over its log.
log-none = { $source }: nothing was handed over yet
log-kept = { $source }: { $file } went into the repositories { $age } ago
log-let-go = { $source }: { $file } was let go { $age } ago, because there is no repository
log-waits = { $count ->
    [one] One piece waits, for { $age }
   *[other] { $count } pieces wait, the first for { $age }
}
log-repository-fails = { $repository } takes nothing since { $time }:
