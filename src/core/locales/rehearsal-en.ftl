# The rehearsal of an upgrade, and what it needs of databases.
BR-1220 = The upgrade cannot begin: the rehearsal found { $count ->
        [one] something
       *[other] { $count } things
    } that would make it fail.
    .why = Everything was tried on the running platform without changing anything of it; what is found now would stop the upgrade half-way.
    .fix = Look at them with: bridle upgrade rehearse. Mend what blocks, then plan again.
BR-1221 = A command inside { $pod } did not end well: { $what }.
    .why = What it said itself is shown as the cause.
    .fix = Look at the pod with: kubectl -n { $namespace } describe pod { $pod }. Then run the same command again.
BR-1222 = The database { $source } cannot be asked: no part of { $workload } in { $namespace } is running.
    .why = Version, size and content of a database are only known by asking it.
    .fix = Look at: bridle status. Once { $workload } is ready, run the same command again.
BR-1223 = The copy of the database { $source } is larger than the { $limit } MB that there is room for.
    .why = Writing stopped before the disk was full; what was written of the copy is not used.
    .fix = Free some space, or go on without a copy of this database where the plan offers that.
BR-1224 = The copy of the database { $source } is not complete.
    .why = The end that a whole copy has is missing; what was written of it is not used.
    .fix = Look at the database with: kubectl -n { $namespace } logs { $pod }. Then run the same command again.
BR-1225 = The answer of the database { $source } is not understood.
    .why = Something else than PostgreSQL of version 12 or later may be running there.
    .fix = Look at { $workload } in { $namespace }. The publisher of the platform needs to know the answer, which is shown as the cause.

wait-rehearsal-render = working out what { $chart } would put in place
wait-rehearsal-try = asking Kubernetes about { $object }
wait-database-ask = asking the database { $source }
wait-database-base = copying the files of the server { $source }, and waiting until its log is archived
wait-database-copy = copying the database { $source }

# Findings of a rehearsal. Every one has a reason and a cure.
rehearsal-render = { $chart } cannot be worked out with the settings of this site.
    .why = A setting does not fit the new release, or the part has a mistake. The words of the program are shown below.
    .fix = Compare the settings with the release notes: bridle config validate. If no setting is named, tell the publisher.
rehearsal-package = { $chart } is not in the store, or damaged there.
    .why = What is not whole cannot be put in place.
    .fix = Look at it with: bridle release verify. Add the release file again.
rehearsal-refused = Kubernetes would refuse { $object } of { $chart }.
    .why = The running Kubernetes was asked without changing anything, and said no. Its words are shown below.
    .fix = If its words name a setting of yours, change it with: bridle config edit. Otherwise tell the publisher.
rehearsal-immutable = { $object } of { $chart } cannot be changed in place: { $fields }.
    .why = Kubernetes never lets these fields be changed once the object is there.
    .fix = Undo your change of a setting that leads to it, if there is one. Otherwise the publisher must give the object another name or have it made anew; volumes and their data stay.
rehearsal-owned-by-nobody = { $object } is there already, and not from { $chart }.
    .why = It was made by hand or by another tool, so it will not be taken over silently.
    .fix = If it may be replaced, give it to the part with: kubectl annotate and kubectl label, as meta.helm.sh/release-name={ $chart }, meta.helm.sh/release-namespace={ $namespace } and app.kubernetes.io/managed-by=Helm. Otherwise rename or remove it.
rehearsal-owned-by-other = { $object } is wanted by { $chart }, but belongs to { $owner }.
    .why = One object cannot belong to two parts.
    .fix = Remove it from { $owner } first, or tell the publisher that { $chart } takes it over.
rehearsal-twice = { $object } is put in place by two parts: { $chart } and { $other }.
    .why = Each would overwrite what the other one wrote.
    .fix = Give one of them another name by its settings. Otherwise tell the publisher.
rehearsal-api-removed = { $object } of { $chart } uses { $api }, which Kubernetes { $target } no longer has.
    .why = Since Kubernetes { $since } it is not served any more. In its place: { $replacement }.
    .fix = The publisher must write it for { $target }. Nothing on this site can mend it.
rehearsal-api-recorded = { $chart } was put in place with { $object } as { $api }, which Kubernetes { $target } no longer has.
    .why = The record of what was put in place names it, so { $chart } could not be changed or removed any more after Kubernetes was upgraded.
    .fix = Upgrade first to a release of the platform that writes it anew for the Kubernetes of now, then to this one.
rehearsal-api-written = { $object } was written by { $manager } as { $api }, which Kubernetes { $target } no longer has.
    .why = The object itself stays, but { $manager } will not be able to write it any more.
    .fix = Bring { $manager } up to date if it is yours.
rehearsal-api-requested = Something asked Kubernetes for { $resource } as { $api }, which version { $target } no longer has.
    .why = It was asked for since Kubernetes started; who asked is not recorded. It will get no answer any more.
    .fix = Bring programs of your own that use Kubernetes up to date.
rehearsal-requests-unknown = What programs ask of Kubernetes could not be looked at.
    .why = Programs of your own may use what Kubernetes { $target } no longer has.
    .fix = Bring programs of your own that use Kubernetes up to date, and rehearse again.
rehearsal-kind-new = { $object } of { $chart } cannot be tried yet.
    .why = Its kind comes with the new release itself.
    .fix = Nothing to do: it is put in place after its kind.
rehearsal-kind-later = { $object } of { $chart } cannot be tried: this Kubernetes does not know { $api } yet.
    .why = Kubernetes { $target } of the new release may know it.
    .fix = Nothing to do here; the upgrade goes back by itself if it is refused.
rehearsal-kind-unknown = { $object } of { $chart } is of a kind that nobody knows: { $api }.
    .why = Neither this Kubernetes nor the new release brings it, so it will be refused.
    .fix = Turn off what needs it in the settings of { $chart }, or tell the publisher.
rehearsal-namespace-new = { $count } { $count ->
        [one] object
       *[other] objects
    } of the area { $namespace } cannot be tried yet.
    .why = The area comes with the new release.
    .fix = Nothing to do: it is made first.
rehearsal-not-tried = { $object } of { $chart } could not be tried.
    .why = The words of Kubernetes are shown below.
    .fix = Look at: bridle status. Then rehearse again.
rehearsal-webhook = { $webhook } would refuse { $count } { $count ->
        [one] object
       *[other] objects
    } of the release: { $service } does not answer.
    .why = This check of { $configuration } has to agree to each change, and says no while nothing of its service runs.
    .fix = Bring { $service } back. If it is no longer used, remove its configuration { $configuration }.
rehearsal-budget-all = { $object } never lets a pod be moved: { $least } must stay, and there { $pods ->
        [one] is only one
       *[other] are only { $pods }
    } ({ $workloads }).
    .why = With it a server can never be emptied for maintenance, and an upgrade that moves pods never ends.
    .fix = Raise the number of copies, or lower minAvailable, by the settings of the part. Otherwise tell the publisher.
rehearsal-budget-none = { $object } never lets a pod be moved: none of { $workloads } may be missing.
    .why = With it a server can never be emptied for maintenance, and an upgrade that moves pods never ends.
    .fix = Allow one to be missing (maxUnavailable: 1) by the settings of the part. Otherwise tell the publisher.
rehearsal-budget-two = { $object } is not the only rule of its kind for { $workloads }.
    .why = Kubernetes moves no pod that two disruption budgets hold.
    .fix = Turn one of them off by the settings of the part. Otherwise tell the publisher.
rehearsal-stuck = { $object } would wait for ever: its new pod wants a port of the server that the old one holds.
    .why = Its strategy lets no old pod go before a new one is ready, and there is one server.
    .fix = Let one be missing (maxUnavailable: 1) or use the strategy Recreate, by the settings of the part. Otherwise tell the publisher.
rehearsal-claim-stays = { $object } ({ $size }) is no longer used by { $chart }; it stays with its data.
    .why = The new release no longer names it. Data are only removed by an uninstallation that says so.
    .fix = Nothing to do. If nobody needs the data any more: kubectl delete, after a backup.
rehearsal-claim-goes = { $object } ({ $size }) is no longer part of { $chart } and is removed; its data stay on the disk.
    .why = The volume is retained; a claim of the same name finds it again.
    .fix = Nothing to do.
rehearsal-claim-lost = { $object } ({ $size }) is no longer part of { $chart }, and its data would be deleted with it.
    .why = Its volume is not retained when its claim goes.
    .fix = Keep it with: kubectl annotate, as helm.sh/resource-policy=keep, or have its volume retained (persistentVolumeReclaimPolicy: Retain). Then rehearse again.
