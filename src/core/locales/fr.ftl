# Words of steps, states, checks and faults; `.why` and `.fix` belong to a fault or a finding.

step-store = Vérifier les parties de { $release }
step-certificate = Créer le certificat de { $host }
step-configure-kubernetes = Configurer Kubernetes
step-start-kubernetes = Démarrer Kubernetes { $version }
step-stop-kubernetes = Arrêter Kubernetes
step-forget-kubernetes = Retirer la configuration de Kubernetes
step-node-ready = Attendre que le serveur { $node } soit prêt
step-namespaces = Préparer { $count } { $count ->
        [one] espace
       *[other] espaces
    } de la plateforme
step-secrets = Créer { $count } { $count ->
        [one] secret
       *[other] secrets
    } de ce site
step-custom-resources = Déclarer les types d’objets de { $chart }
step-chart = Mettre en place { $chart } { $version }
step-charts = Mettre en place { $count } { $count ->
        [one] partie
       *[other] parties
    } en même temps : { $charts }
step-chart-gone = Retirer { $chart }
step-charts-gone = Retirer { $count } { $count ->
        [one] partie
       *[other] parties
    } en même temps : { $charts }
step-probes = Contrôler comme le ferait un utilisateur : { $count } parcours
operation-approved = confirmée
operation-running = en cours
operation-paused = en pause
operation-committed = terminée
operation-rolling-back = retour en arrière
operation-rolled-back = annulée
operation-needs-operator = attend une décision
sim-missing = { $what } manque
missing-kubernetes-configuration = la configuration de Kubernetes n’est pas en place : { $path }
missing-kubernetes-stopped = le service k3s ne tourne pas
missing-kubernetes-api = l’interface de Kubernetes ne répond pas encore
missing-kubernetes-version = Kubernetes { $found } répond au lieu de { $wanted }
missing-blobs = il manque { $count } { $count ->
        [one] partie
       *[other] parties
    } dans le dépôt
missing-certificate = il n’y a pas de certificat pour { $host }
missing-still-there = { $path } est encore là
wait-kubernetes-api = que Kubernetes réponde
wait-watchers = que tout dans le cluster entende de nouveau Kubernetes, avant tout remplacement
unseen-kubernetes-absent = Kubernetes n’est pas encore installé
unseen-kubernetes-silent = Kubernetes ne répond pas

BR-1001 = Le fichier { $path } ne peut pas être lu.
    .why = Sans lui, rien ne peut être vérifié ni fait.
    .fix = Vérifiez que le fichier est présent et complet, et que le disque ou la clé n’a pas d’erreur. Puis recommencez.
BR-1002 = Le fichier de version est endommagé.
    .why = Son contenu ne correspond pas à ce que l’éditeur a signé ; la copie a été interrompue ou modifiée.
    .fix = Copiez de nouveau le fichier depuis sa source et vérifiez-le avec : minisign -V -p publisher.pub -m FICHIER
BR-1003 = La signature du fichier de version est absente ou fausse.
    .why = Personne ne peut dire qui a fait ce fichier.
    .fix = Redemandez le fichier à son éditeur. Ne l’exécutez pas.
BR-1004 = Le fichier de version est signé par une clé que ce serveur ne connaît pas ({ $key }).
    .why = Seuls les fichiers des éditeurs de confiance peuvent modifier ce serveur.
    .fix = Comparez la clé avec celle que l’éditeur vous a donnée. Si elle est juste, ajoutez : --publisher-key FICHIER
BR-1005 = Aucune clé d’éditeur n’est encore reconnue sur ce serveur.
    .why = Quelqu’un doit comparer la clé avant toute installation ; avec --yes ou sans terminal, personne ne le peut.
    .fix = Ajoutez : --publisher-key FICHIER, avec la clé que l’éditeur vous a remise par un autre chemin.
BR-1006 = L’installateur lui-même n’est pas celui de la version signée.
    .why = Le programme en tête du fichier a été remplacé.
    .fix = N’allez pas plus loin. Redemandez le fichier à son éditeur.
BR-1007 = Cette version est faite pour les processeurs { $wanted }, ce serveur a { $found }.
    .why = Ses programmes ne peuvent pas tourner ici.
    .fix = Demandez à l’éditeur le fichier pour { $found }.
BR-1010 = Ce serveur ne remplit pas encore les conditions.
    .why = L’installation échouerait en chemin ou fonctionnerait mal.
    .fix = Corrigez les points bloquants, puis relancez la même commande.
BR-1011 = Cette commande demande les droits d’administration.
    .why = Des programmes, des services et des réglages réseau du serveur sont modifiés.
    .fix = Relancez la même commande, précédée de sudo.
    .example = sudo ./campus-1.0.0-amd64.run install
BR-1012 = Une confirmation est nécessaire, et personne ne peut être interrogé.
    .why = L’entrée n’est pas un terminal, ou --no-input a été donné.
    .fix = Regardez le plan avec --plan-only, puis ajoutez : --yes
    .example = sudo ./campus-1.0.0-amd64.run install --yes --publisher-key campus.pub --config site.toml
BR-1013 = Le fichier de configuration { $path } n’est pas valable.
    .why = Il contient un champ ou une valeur que Bridle ne connaît pas ; rien n’a été modifié.
    .fix = Corrigez le fichier à l’endroit indiqué ci-dessus, puis relancez la même commande.
BR-1014 = Une autre version est déjà installée ici : { $installed }.
    .why = Une installation ne se fait que sur un serveur vierge.
    .fix = Continuez avec la version en place : bridle status. Une version plus récente de la même plateforme la remplace avec : bridle release add FICHIER puis bridle upgrade start. Pour une autre plateforme ou une version plus ancienne, retirez d’abord ce qui est là : bridle uninstall
BR-1020 = Il n’y a pas assez de place dans { $path }.
    .why = L’écriture s’est arrêtée sans rien perdre.
    .fix = Libérez de la place. Puis relancez la même commande, ou pour une étape d’une opération : bridle operation retry. Elle reprend où elle s’est arrêtée.
BR-1021 = { $path } ne peut pas être écrit.
    .why = Ce qui n’est pas sûrement sur le disque ne compte pas comme fait.
    .fix = Cherchez les erreurs du disque avec : dmesg, et voyez s’il est monté en lecture seule avec : findmnt --target CHEMIN. Puis relancez la même commande.
BR-1022 = Le dépôt de la version est endommagé ou incomplet.
    .why = Une partie dont la version a besoin manque ou est altérée sur le disque.
    .fix = Voyez ce qui ne va pas avec : bridle store check. Rétablissez-le depuis le fichier de version avec : bridle store repair --from FICHIER. Puis recommencez.
BR-1030 = Le programme { $program } a échoué.
    .why = Ce qu’il a dit lui-même est affiché comme cause.
    .fix = Corrigez ce que la cause indique, puis : bridle operation retry
BR-1031 = Cela a pris trop de temps : { $what }.
    .why = Cela ne s’est pas terminé dans le délai : le serveur est trop lent, ou ce qui était attendu ne vient pas.
    .fix = Voyez ce qui était attendu avec : bridle operation show. Corrigez-le, puis : bridle operation retry
BR-1040 = Kubernetes ne démarre pas.
    .why = La base de la plateforme ne tourne pas, donc aucune application non plus.
    .fix = Regardez : journalctl -u k3s -n 50. Corrigez la cause, puis : bridle operation retry
BR-1041 = Kubernetes a refusé ou n’a pas répondu : { $what }.
    .why = Ce qui était demandé n’a pas été fait ; ses propres mots sont affichés comme cause.
    .fix = Regardez : bridle status, et : journalctl -u k3s -n 50. Puis : bridle operation retry
BR-1042 = La partie { $chart } n’a pas pu être mise en place.
    .why = Sa description a été refusée, ou elle n’a pas démarré à temps.
    .fix = Lisez la cause. Si un réglage de ce site est faux, corrigez-le dans /etc/bridle/site.toml. Puis : bridle operation retry
BR-1043 = Dans { $chart }, { $workload } ne devient pas prêt.
    .why = Un programme de la plateforme ne démarre pas ou ne répond pas.
    .fix = Lisez la cause et le journal du programme avec kubectl logs. Corrigez, puis : bridle operation retry
    .example = kubectl -n campus logs deployment/frontend --tail=50
BR-1044 = Le contrôle « { $probe } » n’est pas vert : { $request }.
    .why = Les utilisateurs n’auraient pas ce qu’ils attendent.
    .fix = Regardez : bridle status. Puis : bridle operation retry
BR-1050 = L’agent ne répond pas.
    .why = Le service bridle-agent est arrêté, ou vous n’avez pas le droit de lui parler.
    .fix = Regardez : systemctl status bridle-agent. Pour lui parler, il faut être root ou membre du groupe bridle.
BR-1051 = Une autre opération est en cours : { $operation }.
    .why = Deux opérations à la fois se gêneraient.
    .fix = Suivez-la avec : bridle operation attach
BR-1052 = Il n’y a pas d’opération { $operation }.
    .why = Le nom est faux, ou son journal a été supprimé.
    .fix = Voyez la liste avec : bridle operation list
BR-1053 = Le journal d’une opération est endommagé : { $path }.
    .why = Bridle ne devine pas ce qui a été fait ; il ne touche à rien tant que vous n’avez pas décidé.
    .fix = Avant tout, copiez le fichier pour l’assistance, et ne le modifiez pas. Cherchez les erreurs du disque avec : dmesg. D’ici là, seule cette opération peut commencer : bridle uninstall
BR-1054 = Cela n’est pas possible maintenant : l’opération est { $state }.
    .why = Chaque commande ne convient qu’à certains états d’une opération.
    .fix = Voyez ce qui est possible maintenant avec : bridle operation show
BR-1055 = L’opération attend votre décision.
    .why = Une étape a échoué et ne peut être ni réparée ni défaite automatiquement.
    .fix = Corrigez la cause, puis : bridle operation retry. Ou continuez sans l’étape : bridle operation skip --reason TEXTE. Ou annulez tout : bridle operation abort
BR-1060 = Vous n’avez pas le droit de faire cela.
    .why = Les modifications demandent le droit d’opérateur.
    .fix = Adressez-vous à l’administration, ou lancez la commande en tant que root.
BR-1061 = La demande ne peut pas être comprise : { $what }.
    .why = Un champ manque, est faux ou trop long.
    .fix = Corrigez ce qui est indiqué ci-dessus ; --help après une commande montre son emploi.
BR-1070 = L’étape s’est déroulée, mais son effet ne se voit pas.
    .why = Le serveur n’est pas dans l’état que l’étape devait produire.
    .fix = Regardez : bridle status. Puis : bridle operation retry
BR-1099 = Quelque chose ne va pas à l’intérieur de Bridle.
    .why = C’est un défaut de Bridle, pas le vôtre.
    .fix = Envoyez le texte entier de ce message à l’éditeur, avec ce qu’affiche : journalctl -u bridle-agent -n 200
