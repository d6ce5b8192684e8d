# La répétition d’une mise à niveau, et ce qu’elle demande aux bases de données.
BR-1220 = La mise à niveau ne peut pas commencer : la répétition a trouvé { $count ->
        [one] un point qui la ferait
       *[other] { $count } points qui la feraient
    } échouer.
    .why = Tout a été essayé sur la plateforme en marche sans rien y changer ; ce qui est trouvé maintenant arrêterait la mise à niveau à mi-chemin.
    .fix = Voyez-les avec : bridle upgrade rehearse. Corrigez ce qui bloque, puis refaites le plan.
BR-1221 = Une commande dans { $pod } s’est mal terminée : { $what }.
    .why = Ce qu’elle a dit elle-même est indiqué comme cause.
    .fix = Examinez le pod avec : kubectl -n { $namespace } describe pod { $pod }. Relancez ensuite la même commande.
BR-1222 = La base de données { $source } ne peut pas être interrogée : rien de { $workload } dans { $namespace } ne fonctionne.
    .why = La version, la taille et le contenu d’une base ne sont connus qu’en l’interrogeant.
    .fix = Voyez : bridle status. Dès que { $workload } est prêt, relancez la même commande.
BR-1223 = La copie de la base de données { $source } dépasse les { $limit } Mo disponibles.
    .why = L’écriture s’est arrêtée avant que le disque ne soit plein ; ce qui a été écrit de la copie n’est pas utilisé.
    .fix = Libérez de la place, ou continuez sans copie de cette base là où le plan le propose.
BR-1224 = La copie de la base de données { $source } n’est pas complète.
    .why = La fin que porte une copie entière manque ; ce qui en a été écrit n’est pas utilisé.
    .fix = Examinez la base avec : kubectl -n { $namespace } logs { $pod }. Relancez ensuite la même commande.
BR-1225 = La réponse de la base de données { $source } n’est pas comprise.
    .why = Autre chose que PostgreSQL version 12 ou plus récente y fonctionne peut-être.
    .fix = Examinez { $workload } dans { $namespace }. L’éditeur de la plateforme a besoin de la réponse, indiquée comme cause.

wait-rehearsal-render = calcul de ce que { $chart } mettrait en place
wait-rehearsal-try = question à Kubernetes sur { $object }
wait-database-ask = question à la base de données { $source }
wait-database-base = copie des fichiers du serveur { $source }, puis attente de l’archivage de son journal
wait-database-copy = copie de la base de données { $source }

# Constats d’une répétition. Chacun a une raison et un remède.
rehearsal-render = { $chart } ne peut pas être calculé avec les réglages de ce site.
    .why = Un réglage ne convient pas à la nouvelle version, ou le composant a un défaut. Les mots du programme figurent ci-dessous.
    .fix = Comparez les réglages aux notes de version : bridle config validate. Si aucun réglage n’est nommé, prévenez l’éditeur.
rehearsal-package = { $chart } n’est pas dans le magasin, ou y est endommagé.
    .why = Ce qui n’est pas entier ne peut pas être mis en place.
    .fix = Examinez-le avec : bridle release verify. Ajoutez de nouveau le fichier de version.
rehearsal-refused = Kubernetes refuserait { $object } de { $chart }.
    .why = Le Kubernetes en marche a été interrogé sans rien changer, et il a dit non. Ses mots figurent ci-dessous.
    .fix = Si ses mots nomment un de vos réglages, changez-le avec : bridle config edit. Sinon, prévenez l’éditeur.
rehearsal-immutable = { $object } de { $chart } ne peut pas être modifié sur place : { $fields }.
    .why = Kubernetes ne laisse jamais changer ces champs une fois l’objet créé.
    .fix = Annulez le réglage modifié qui y mène, s’il y en a un. Sinon, l’éditeur doit donner un autre nom à l’objet ou le faire recréer ; les volumes et leurs données restent.
rehearsal-owned-by-nobody = { $object } existe déjà, et ne vient pas de { $chart }.
    .why = Il a été créé à la main ou par un autre outil ; il ne sera donc pas repris en silence.
    .fix = S’il peut être remplacé, donnez-le au composant avec : kubectl annotate et kubectl label, soit meta.helm.sh/release-name={ $chart }, meta.helm.sh/release-namespace={ $namespace } et app.kubernetes.io/managed-by=Helm. Sinon, renommez-le ou supprimez-le.
rehearsal-owned-by-other = { $object } est voulu par { $chart }, mais appartient à { $owner }.
    .why = Un objet ne peut pas appartenir à deux composants.
    .fix = Retirez-le d’abord de { $owner }, ou prévenez l’éditeur que { $chart } le reprend.
rehearsal-twice = { $object } est mis en place par deux composants : { $chart } et { $other }.
    .why = Chacun écraserait ce que l’autre a écrit.
    .fix = Donnez un autre nom à l’un d’eux par ses réglages. Sinon, prévenez l’éditeur.
rehearsal-api-removed = { $object } de { $chart } utilise { $api }, que Kubernetes { $target } n’a plus.
    .why = Depuis Kubernetes { $since }, cette interface n’est plus servie. À sa place : { $replacement }.
    .fix = L’éditeur doit l’écrire pour { $target }. Rien sur ce site ne peut y remédier.
rehearsal-api-recorded = { $chart } a été mis en place avec { $object } en { $api }, que Kubernetes { $target } n’a plus.
    .why = L’enregistrement de ce qui a été mis en place le nomme ; { $chart } ne pourrait donc plus être modifié ni retiré une fois Kubernetes mis à niveau.
    .fix = Passez d’abord à une version de la plateforme qui l’écrit de nouveau pour le Kubernetes actuel, puis à celle-ci.
rehearsal-api-written = { $object } a été écrit par { $manager } en { $api }, que Kubernetes { $target } n’a plus.
    .why = L’objet lui-même reste, mais { $manager } ne pourra plus l’écrire.
    .fix = Mettez { $manager } à jour s’il est à vous.
rehearsal-api-requested = Quelque chose a demandé à Kubernetes { $resource } en { $api }, que la version { $target } n’a plus.
    .why = La demande date d’après le démarrage de Kubernetes ; son auteur n’est pas enregistré. Elle n’aura plus de réponse.
    .fix = Mettez à jour vos propres programmes qui utilisent Kubernetes.
rehearsal-requests-unknown = Ce que des programmes demandent à Kubernetes n’a pas pu être examiné.
    .why = Vos propres programmes utilisent peut-être ce que Kubernetes { $target } n’a plus.
    .fix = Mettez à jour vos propres programmes qui utilisent Kubernetes, et refaites la répétition.
rehearsal-kind-new = { $object } de { $chart } ne peut pas encore être essayé.
    .why = Son genre vient avec la nouvelle version elle-même.
    .fix = Rien à faire : il est mis en place après son genre.
rehearsal-kind-later = { $object } de { $chart } ne peut pas être essayé : ce Kubernetes ne connaît pas encore { $api }.
    .why = Le Kubernetes { $target } de la nouvelle version le connaît peut-être.
    .fix = Rien à faire ici ; la mise à niveau revient d’elle-même en arrière s’il est refusé.
rehearsal-kind-unknown = { $object } de { $chart } est d’un genre que personne ne connaît : { $api }.
    .why = Ni ce Kubernetes ni la nouvelle version ne l’apportent ; il sera donc refusé.
    .fix = Désactivez ce qui en a besoin dans les réglages de { $chart }, ou prévenez l’éditeur.
rehearsal-namespace-new = { $count } { $count ->
        [one] objet
       *[other] objets
    } de l’espace { $namespace } ne { $count ->
        [one] peut
       *[other] peuvent
    } pas encore être { $count ->
        [one] essayé
       *[other] essayés
    }.
    .why = L’espace vient avec la nouvelle version.
    .fix = Rien à faire : il est créé en premier.
rehearsal-not-tried = { $object } de { $chart } n’a pas pu être essayé.
    .why = Les mots de Kubernetes figurent ci-dessous.
    .fix = Voyez : bridle status. Refaites ensuite la répétition.
rehearsal-webhook = { $webhook } refuserait { $count } { $count ->
        [one] objet
       *[other] objets
    } de la version : { $service } ne répond pas.
    .why = Ce contrôle de { $configuration } doit approuver chaque changement, et dit non tant que rien de son service ne fonctionne.
    .fix = Remettez { $service } en marche. S’il ne sert plus, supprimez sa configuration { $configuration }.
rehearsal-budget-all = { $object } ne laisse jamais déplacer un pod : { $least } { $least ->
        [one] doit
       *[other] doivent
    } rester, et il n’y en a { $pods ->
        [one] qu’un
       *[other] que { $pods }
    } ({ $workloads }).
    .why = Avec lui, un serveur ne peut jamais être vidé pour maintenance, et une mise à niveau qui déplace des pods ne finit jamais.
    .fix = Augmentez le nombre de copies, ou baissez minAvailable, par les réglages du composant. Sinon, prévenez l’éditeur.
rehearsal-budget-none = { $object } ne laisse jamais déplacer un pod : aucun de { $workloads } ne peut manquer.
    .why = Avec lui, un serveur ne peut jamais être vidé pour maintenance, et une mise à niveau qui déplace des pods ne finit jamais.
    .fix = Permettez qu’un seul manque (maxUnavailable: 1) par les réglages du composant. Sinon, prévenez l’éditeur.
rehearsal-budget-two = { $object } n’est pas la seule règle de ce genre pour { $workloads }.
    .why = Kubernetes ne déplace aucun pod que tiennent deux budgets d’interruption.
    .fix = Désactivez l’un d’eux par les réglages du composant. Sinon, prévenez l’éditeur.
rehearsal-stuck = { $object } attendrait sans fin : son nouveau pod veut un port du serveur que tient l’ancien.
    .why = Sa stratégie ne laisse partir aucun ancien pod avant qu’un nouveau ne soit prêt, et il n’y a qu’un serveur.
    .fix = Permettez qu’un seul manque (maxUnavailable: 1) ou prenez la stratégie Recreate, par les réglages du composant. Sinon, prévenez l’éditeur.
rehearsal-claim-stays = { $object } ({ $size }) n’est plus utilisé par { $chart } ; il reste, avec ses données.
    .why = La nouvelle version ne le nomme plus. Seule une désinstallation qui le dit supprime des données.
    .fix = Rien à faire. Si plus personne n’a besoin des données : kubectl delete, après une sauvegarde.
rehearsal-claim-goes = { $object } ({ $size }) ne fait plus partie de { $chart } et est supprimé ; ses données restent sur le disque.
    .why = Le volume est conservé ; une demande du même nom le retrouve.
    .fix = Rien à faire.
rehearsal-claim-lost = { $object } ({ $size }) ne fait plus partie de { $chart }, et ses données seraient supprimées avec lui.
    .why = Son volume n’est pas conservé quand sa demande disparaît.
    .fix = Gardez-le avec : kubectl annotate, soit helm.sh/resource-policy=keep, ou faites conserver son volume (persistentVolumeReclaimPolicy: Retain). Refaites ensuite la répétition.
