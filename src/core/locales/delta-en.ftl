# Words of deltas, have-lists and the comparison of two releases.

BR-1200 = { $path } is a delta: of { $release } it holds only what { $bases } did not have.
    .why = Here every part is needed, so that nothing depends on what the disk of this server still has.
    .fix = Use the whole file of { $release } (.run or .bundle). A delta is for a server that has its base: bridle release add FILE
BR-1201 = { $release } cannot be completed: { $count } { $count ->
        [one] part ({ $megabytes } MB) is neither in the delta nor in the store.
       *[other] parts ({ $megabytes } MB) are neither in the delta nor in the store.
    }
    .why = The delta leaves out what { $bases } brought, and this server does not have it. Nothing was changed.
    .fix = Bring the whole file of { $release } instead, or first the whole file of { $bases } and then the delta again: bridle release add FILE. For a delta that fits this server, give the publisher its list: bridle release have --output have.json
BR-1202 = { $count } { $count ->
        [one] part ({ $megabytes } MB) in the store that the delta of { $release } builds on is damaged.
       *[other] parts ({ $megabytes } MB) in the store that the delta of { $release } builds on are damaged.
    }
    .why = The disk altered them after they had been verified. A delta does not bring them again. Nothing was changed.
    .fix = Run: bridle store repair --from FILE, with the whole file of { $bases }, then the same command again. Or bring the whole file of { $release }: it mends them too.
BR-1203 = The store holds no complete release that could be listed.
    .why = The list says what this server has of its platform, so that the publisher can leave it out.
    .fix = See what is there with: bridle release list. Find what is missing with: bridle store check

have-written = { $path }: { $parts } { $parts ->
        [one] part
       *[other] parts
    } of { $releases }. Give it to the publisher: it holds no secret.

diff-head = { $old } → { $new }
diff-same = Both are the same release ({ $digest }).
diff-kubernetes = Kubernetes { $old } → { $new }
diff-kubernetes-same = Kubernetes { $version }, the same
diff-programs = Programs
diff-images = Images
diff-charts = Charts
diff-values = Values
diff-new = new
diff-gone = gone
diff-changed = changed
diff-unchanged = { $count } the same ({ $size })
diff-unset = (not set)
diff-moved = From one to the other { $blobs } { $blobs ->
        [one] part with { $size } of { $of } moves.
       *[other] parts with { $size } of { $of } move.
    }

help-bridle-release-have = What this server has, as a small file for the publisher
    .more = With it, bridle-bundle build --have FILE makes the smallest delta. It names the releases and parts of the platform, no secret and nothing of its data.
    .examples =
        bridle release have --output have.json
        bridle release have | ssh publisher 'cat > have.json'
    .output = Write it to this file
help-bridle-release-diff = How two releases in the store differ, and what an upgrade moves
    .examples =
        bridle release diff campus-1.0.0 campus-1.1.0
        bridle release diff campus-1.0.0 campus-1.1.0 --json # for programs
    .old = The older release, as bridle release list names it
    .new = The newer release
