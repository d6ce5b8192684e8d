# Words of the blob store and of `bridle release` and `bridle store`.

BR-1023 = The medium went away after { $done } MB of { $total } MB.
    .why = The stick or disk with the release file could not be read further. What was complete is kept.
    .fix = Put it back and run the same command: it goes on where it stopped.
BR-1024 = The release ended after { $done } MB of { $total } MB.
    .why = The file was cut short, or the connection that brought it broke off. What was complete is kept.
    .fix = Run the same command again with the whole file: it goes on where it stopped.
BR-1025 = The store is being written to by another command.
    .why = Two at a time could take each other’s parts away.
    .fix = Wait until it has ended (bridle operation list shows operations), then run the same command again.
BR-1026 = { $count } { $count ->
        [one] part of the store is damaged.
       *[other] parts of the store are damaged.
    }
    .why = The disk lost or altered them after they had been verified. What runs may go on, but a restart may fail.
    .fix = Run: bridle store repair --from FILE, with the release file. Check the disk too: dmesg shows its errors.
BR-1027 = Nothing was removed: it cannot be told what is still needed.
    .why = What stands in the way is named above; what is removed by mistake does not come back by itself.
    .fix = Mend that first (see bridle status and bridle store check), then run the same command again.
BR-1028 = The release { $release } is in use.
    .why = It is the installed one, or running programs were started from it. Without it they could not be started again.
    .fix = Change to another release first. Then: bridle release remove { $release }
BR-1029 = There is no release { $release } in the store.
    .why = Only releases that were added or installed here are known.
    .fix = See which ones there are with: bridle release list
BR-1130 = The release { $release } is in the store already, with other content.
    .why = A publisher never gives one version to two different releases; one of them is not what it claims.
    .fix = Ask the publisher which one is right. To replace the one here: bridle release remove { $release }, then add the file.
BR-1131 = No data came for { $seconds } seconds.
    .why = The connection or the medium stands still. What was complete is kept.
    .fix = Check the connection or the medium and run the same command again: it goes on where it stopped.
BR-1132 = There is no room for more files at { $path }.
    .why = The file system has as many files (inodes) as it can have, though it may have free space.
    .fix = See which folders hold most of them with: du --inodes -xd3 { $path }. Remove what nobody needs and run the same command again.
BR-1133 = { $count } { $count ->
        [one] damaged part could not be brought back.
       *[other] damaged parts could not be brought back.
    }
    .why = They belong to another release than the one in this file.
    .fix = bridle store check names the release of each. Run the repair again with the file of that release.
BR-1134 = The release is signed by a key that this server does not trust ({ $key }).
    .why = Only publishers that you trust may bring something onto this server.
    .fix = Compare the key with the one that the publisher told you by another way. If it is right, put the publisher’s .pub file into /etc/bridle/trust and run the same command again.

collection-use-unknown = Kubernetes does not say which images the running programs use.
collection-record-unreadable = The record of the release { $release } in the store cannot be read.
operation-not-ended = The operation { $operation } has not ended.

release-added-next = See what it would change: bridle upgrade plan { $release }
release-added = Release { $release } is in the store: { $new } new { $new ->
        [one] part
       *[other] parts
    } ({ $size }), { $reused } { $reused ->
        [one] was
       *[other] were
    } there already.
release-add-progress = Reading { $done } of { $total }
release-add-progress-open = Reading { $done }
release-add-finish = Bringing it to disk
release-remove-ask = Remove the release { $release } from the store?
release-kept = Nothing was removed.
release-removed = Release { $release } was removed; { $size } are free again.
release-verified = Release { $release } is whole: { $blobs } { $blobs ->
        [one] part
       *[other] parts
    }, { $size } read.

store-part-record = record of the release

release-head = { $name } { $version } (number { $sequence })
release-head-architecture = Processor
release-head-kubernetes = Kubernetes
release-head-added = Added
release-head-key = Signed by key
release-head-digest = Identity
release-head-programs = Programs
release-head-charts = Charts
release-head-images = Images
release-head-from = Can follow

store-check-progress = Reading { $done } of { $total }
store-whole = The store is whole: { $releases } { $releases ->
        [one] release
       *[other] releases
    }, { $blobs } { $blobs ->
        [one] part
       *[other] parts
    }, { $size } read.
store-damage = { $release }: { $part }: { $damage } ({ $size })
store-damage-missing = is missing
store-damage-altered = was altered
store-damage-unreadable = cannot be read from the disk
store-damage-record = cannot be understood
store-repaired = { $count } { $count ->
        [0] parts had to be brought back: nothing of { $release } was damaged.
        [one] part of { $release } was brought back ({ $size }). The store is whole.
       *[other] parts of { $release } were brought back ({ $size }). The store is whole.
    }
store-collected = { $blobs } { $blobs ->
        [one] part
       *[other] parts
    } and { $parts } { $parts ->
        [one] piece
       *[other] pieces
    } that nothing needs were removed: { $size } are free again.
store-would-collect = { $blobs } { $blobs ->
        [one] part
       *[other] parts
    } and { $parts } { $parts ->
        [one] piece
       *[other] pieces
    } would be removed: { $size } would be free again.
store-collect-recent = { $count } { $count ->
        [one] is kept for a day after an interrupted copy, so that it can go on.
       *[other] are kept for a day after an interrupted copy, so that it can go on.
    }
store-collect-in-use = { $count } { $count ->
        [one] is kept because a running program uses it.
       *[other] are kept because running programs use them.
    }
store-unknown = Not of the store, left alone: { $path }
store-space-release = Release
store-space-own = Only its own
store-space-shared-with = Shared with others
store-space-missing = Missing
store-space-shared = Shared by several releases
store-space-unreferenced = Of no release
store-space-partial = Pieces of interrupted copies
store-space-records = Records and folders
store-space-unknown = Not of the store
store-space-total = Together
store-space-free = Free on this disk

help-bridle-release-add = Bring a release file into the store
    .more =
        Without FILE, mounted media (below /media, /run/media and /mnt) and the folder /var/lib/bridle/incoming are searched,
        two folders deep; what was found is shown with whether it can be used, and you are asked which one. The file is
        verified before anything of it counts. If it breaks off, the same command goes on: what the store has is not written
        again.
    .examples =
        bridle release add # from a stick that is mounted
        bridle release add campus-1.1.0-amd64.bundle
        cat campus-1.1.0-amd64.bundle | ssh host bridle release add - # through a connection
    .file = A .bundle or .run file; - for standard input
    .from = Search this folder only
    .yes = Do not ask, where only one release that is new was found
help-bridle-release-remove = Take a release out of the store, and what only it needs
    .more = Refused while it is installed or running programs use it. Asks first; --yes answers.
    .examples = bridle release remove campus-1.0.0
    .id = Which release, as bridle release list names it
    .yes = Do not ask
help-bridle-release-inspect = What a release is and holds
    .examples = bridle release inspect campus-1.0.0
    .id = Which release, as bridle release list names it
help-bridle-release-verify = Read every part of a release again and compare it with what the publisher signed
    .examples = bridle release verify campus-1.0.0
    .id = Which release, as bridle release list names it
help-bridle-store = The store: what releases are made of, each part once
    .examples =
        bridle store check
        bridle store space
help-bridle-store-check = Read every part of the store again: what did the disk do to it?
    .more = Damage ends with exit code 6 and names the release and the part.
    .examples =
        bridle store check
        bridle store check --json # for programs
help-bridle-store-repair = Bring damaged and missing parts back from a release file
    .more = Each part is replaced in one step by a verified one; afterwards the whole store is checked.
    .examples = bridle store repair --from campus-1.0.0-amd64.bundle
    .from = A .bundle or .run file; - for standard input
help-bridle-store-gc = Remove what no release, no running program and no interrupted copy needs
    .more = Nothing is removed if that cannot be told. Files that are not the store’s are named and left alone.
    .examples =
        bridle store gc --dry-run # what would it be?
        bridle store gc
    .dry-run = Only tell what would be removed
help-bridle-store-space = Where the space went, by release; the lines add up to what is on disk
    .examples = bridle store space
