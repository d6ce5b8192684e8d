# La configuration d'un site : ce qui y est trouvé, ce qu'un changement signifie, son histoire, la fiche du site, le calendrier.

profile-field-missing-in = Il manque le champ « { $field } » dans [{ $table }].
profile-choice = Ligne { $line }, colonne { $column } : « { $value } » ne convient pas pour { $field }. Il faut l’un de : { $known }.
profile-large = Il dépasse { $limit } Kio.
profile-rule = Ligne { $line }, colonne { $column } : « { $value } » ne convient pas pour { $field }. Il faut { $rule ->
        [address] une adresse IP, par exemple 192.0.2.53 ; 16 au plus
        [host] un nom de serveur ou une adresse IP, par exemple mail.campus.example ; 16 au plus
        [mail] une adresse de courriel, par exemple plateforme@campus.example
        [port] un port de 1 à 65535
        [user] un nom de 254 caractères au plus
        [proxy] une adresse comme http://proxy.campus.example:3128, sans nom ni mot de passe
        [exception] un nom de serveur, une fin de nom comme .campus.example, ou un réseau comme 192.0.2.0/24 ; 64 au plus
        [pem] le chemin absolu d’un fichier de certificats (PEM), ou leur texte ; jamais une clé privée
        [pem-file] un fichier lisible qui ne contient que des certificats (PEM), 64 Kio au plus
        [zone] le nom IANA d’un fuseau horaire, par exemple Europe/Paris
        [date] un jour comme 2026-08-25, ou un jour avec une heure comme 2026-08-25T08:00
        [time] une heure comme 22:00
        [order] un moment après « from »
        [entries] 200 entrées au plus
       *[name] un nom de 1 à 80 caractères
    }.
profile-rule-typed = « { $value } » ne convient pas pour { $field }.

config-place = Ligne { $line }, colonne { $column } : { $said }
config-about = { $key } { $said }
config-of-release = { $said } (Cette valeur est celle de la version, pas la vôtre.)
config-of-chart = { $said } (Cette valeur est celle du chart lui-même, pas la vôtre.)
config-type = doit être { $kind ->
        [string] un texte entre guillemets droits
        [integer] un nombre entier
        [number] un nombre
        [boolean] true ou false
        [array] une liste entre crochets
        [object] une table
       *[null] omis
    }.
config-types = doit être de l’un de ces genres : { $kinds }.
config-one-of = doit être l’un de : { $values }.
config-no-key = n’est pas connu ici.
config-no-key-known = n’est pas connu ici. Il y a : { $known }.
config-no-key-meant = n’est pas connu ici. Vouliez-vous dire « { $meant } » ?
config-required = manque.
config-least = doit être au moins { $limit }.
config-above = doit être plus que { $limit }.
config-most = doit être au plus { $limit }.
config-below = doit être moins que { $limit }.
config-longer = est trop court : au moins { $limit }.
config-shorter = est trop long : au plus { $limit }.
config-pattern = doit avoir cette forme (une expression rationnelle) : { $pattern }
config-format = doit avoir la forme « { $format } ».
config-unique = contient une entrée deux fois.
config-other = ne convient pas : { $said }
config-no-chart = est pour un chart que cette version n’a pas. Il y a : { $known }.
config-no-chart-meant = est pour un chart que cette version n’a pas. Vouliez-vous dire « { $meant } » ?
config-unread = n’est lu par rien dans ce chart.
config-unread-meant = n’est lu par rien dans ce chart. Vouliez-vous dire « { $meant } » ?
config-secret-value = ressemble à un secret. La configuration est gardée et montrée : mettez les secrets dans un Secret Kubernetes.
config-fixed = ne peut plus être changé : l’installation l’a fixé.
config-renamed-both = s’appelle { $to } dans cette version, et les deux sont là. Retirez l’un des deux.
config-renamed-blocked = s’appelle { $to } dans cette version, et autre chose occupe cette place. Déplacez-le à la main.
config-unwritable = Le profil ne peut pas être écrit en TOML.

calendar-critical = « { $name } » dure jusqu’au { $until } ({ $zone }). Le calendrier ne contient aucune fenêtre de maintenance.
calendar-critical-window = « { $name } » dure jusqu’au { $until } ({ $zone }). La prochaine fenêtre de maintenance est « { $window } », du { $from } au { $to } ({ $there }).

config-changes = Ce qui change
config-charts = Parties qui reçoivent d’autres réglages
config-steps = Étapes que l’agent réalise ensuite
config-chart-interrupts = { $chart } (interrompt son service)
config-chart-gently = { $chart }
config-no-charts = aucune
config-nothing = Rien ne change.
config-same = Il n’y a aucune différence.
config-undo-before = en cas d’échec, automatiquement : la même, avec les réglages d’avant
config-unset = (non défini)
config-renamed-line = { $from } s’appelle { $to } dans cette version : il est renommé.
config-differs = /etc/bridle/site.toml a été modifié à la main et n’est pas encore en vigueur. Regardez-le avec « bridle config diff », mettez-le en vigueur avec « bridle config apply ».
config-valid = La configuration est en ordre.
config-sum = { $count ->
        [one] 1 erreur ou remarque
       *[other] { $count } erreurs ou remarques
    } ; rien n’a été changé.
config-ask = Appliquer ce changement ?
config-stopped = Rien n’a été changé.
config-window = Moment propice : « { $name } », du { $from } au { $to } ({ $zone }).
config-edit-again = Modifier encore ?
config-edit-heading = Ceci ne peut pas être appliqué. Ces lignes seront retirées.
config-edit-same = Rien n’a été changé dans l’éditeur.
config-history-empty = Aucune révision n’a encore été gardée.
config-reason-found = était là
config-reason-changed = modifiée
config-reason-upgraded = mise à niveau
config-reason-restored = à nouveau la révision { $number }
missing-revision = La révision { $revision } de la configuration n’est pas en vigueur.
config-absent = { $key } n’est pas défini dans site.toml.
config-in-force = en vigueur

label-revision = RÉVISION
label-by = PAR
label-reason = RAISON

config-test-host = Depuis ce serveur
config-test-none = La fiche du site ne nomme aucun service à essayer.
config-test-line = { $what } : { $said }
service-dns = serveur de noms { $server }
service-ntp = serveur de temps { $server }
service-smtp = relais de courriel { $server }
service-proxy = proxy { $server }
service-ca = certificats de l’établissement
service-syslog = collecteur de journaux { $server }
service-answered = répond en { $millis } ms
service-clock = répond ; son horloge diffère de { $millis } ms
service-clock-off = son horloge diffère de { $millis } ms : l’une des deux est fausse
service-certificates = { $count ->
        [one] 1 certificat
       *[other] { $count } certificats
    } pouvant en signer d’autres
service-not-authority = un certificat ne peut pas en signer d’autres : ce n’est pas celui d’une autorité
service-sent = envoyé ; le protocole n’a pas de réponse
service-unnamed = son nom est introuvable
service-unreachable = ne répond pas : { $said }
service-silent = ne répond pas en { $seconds } s
service-odd = répond autre chose : { $said }
service-no-starttls = ne propose pas STARTTLS
service-refuses = refuse : { $said }

step-site-services = { $count ->
        [0] Retirer aux applications les mots de passe des services du site
        [one] Donner aux applications 1 mot de passe des services du site
       *[other] Donner aux applications { $count } mots de passe des services du site
    }
site-services-missing = les mots de passe des services du site dans { $namespace } ne sont pas ceux qu’il faut
site-services-not-settled = les mots de passe des services du site ne sont pas en vigueur sur ce serveur
config-secret-absent = demande un mot de passe qui n’est pas défini : bridle config secret set { $name }
secrets-needed = nécessaire
secrets-set = défini le { $time }
secrets-not-set = non défini
secrets-ask = Mot de passe (non affiché) :
errand-heading = Depuis un pod des applications
errand-no-image = Un pod ne peut pas le demander : la version n’a pas d’image nommée busybox.
errand-answered = répond
errand-silent = ne répond pas
errand-unasked = ne peut pas être interrogé depuis un pod : l’image n’a rien pour les datagrammes
errand-blocked = les pods ne peuvent pas l’atteindre
errand-failed = Un pod n’a pas pu le demander : { $said } (BR-1243)

BR-1230 = La configuration ne peut pas être appliquée.
    .why = Elle enfreint des règles de site.toml ou d’une partie de cette version. Rien n’a été changé.
    .fix = Corrigez ce qui est listé, puis vérifiez avec « bridle config validate ».
BR-1231 = « { $key } » n’est pas une clé utilisable ici
    .why = Une clé est faite de noms joints par des points, comme values.enrolment.replicas ou services.smtp.host. Un nom qui contient un point est mis entre guillemets droits.
    .fix = Voyez ce qu’il y a avec « bridle config get ». Les tables entières se changent avec « bridle config edit ».
BR-1232 = Il n’y a pas de révision { $revision } de la configuration
    .why = Les révisions portent des numéros à partir de 1 ; les plus anciennes partent au-delà de 1000.
    .fix = Voyez lesquelles existent avec « bridle config history ».
BR-1233 = La révision { $revision } de la configuration est endommagée
    .why = Ses fichiers manquent, ne sont pas ce qui avait été écrit, ou viennent d’une version plus récente.
    .fix = Choisissez-en une autre avec « bridle config history ». Vérifiez le disque.
BR-1234 = La configuration n’est plus celle que vous avez vue
    .why = Quelqu’un d’autre l’a changée, ou une version est arrivée ou partie. Rien n’a été changé maintenant.
    .fix = Relancez la même commande et regardez le nouveau plan.
BR-1235 = Rien ne doit être dérangé maintenant : { $name }
    .why = Le calendrier de site.toml dit cette période critique, et ce qui est demandé interromprait un service.
    .fix = Attendez qu’elle soit finie, ou ajoutez --even-in avec le nom de la période.
BR-1237 = L’éditeur a échoué : { $editor }
    .why = Il n’a pas pu démarrer, ou s’est terminé par une erreur. Rien n’a été changé.
    .fix = Mettez dans EDITOR un éditeur de ce serveur, comme nano ou vi, ou utilisez « bridle config set ».
BR-1238 = { $count ->
        [one] Un service
       *[other] { $count } services
    } de la fiche du site n’ont pas répondu comme il faut
    .why = Il ne tourne pas, un nom ou un port est faux, ou un pare-feu est entre les deux.
    .fix = Voyez les lignes ci-dessus. Changez la fiche du site avec « bridle config edit ».
BR-1239 = Il n’y a pas de secret « { $name } » dans la fiche du site
    .why = La fiche du site connaît smtp-password et proxy-password.
    .fix = Tapez l’un de ces noms.
BR-1240 = Ceci ne peut pas être un mot de passe
    .why = Il est vide, tient sur plus d’une ligne, ou dépasse 1024 caractères.
    .fix = Donnez une ligne : d’un fichier avec « < », ou tapée là où personne ne la voit.

BR-1241 = Le mot de passe « { $name } » ne peut pas être ouvert
    .why = Son fichier scellé ou la clé de ce serveur, tous deux dans /etc/bridle/secrets, manque ou a été modifié, ou vient d’un autre serveur.
    .fix = Donnez-le à nouveau : bridle config secret set { $name } --file FICHIER
BR-1242 = Rien dans la fiche du site n’a besoin de « { $name } »
    .why = Un mot de passe appartient à l’utilisateur d’un service, et { $name ->
        [proxy-password] services.proxy.user
       *[smtp-password] services.smtp.user
    } n’est pas défini.
    .fix = Définissez d’abord l’utilisateur avec « bridle config set », puis le mot de passe.
BR-1243 = Les services n’ont pas pu être interrogés depuis un pod
    .why = Le pod prévu pour cela n’a pas pu être créé, n’a pas fini à temps, ou n’a rien dit de lisible.
    .fix = Voyez « bridle status », puis réessayez. Ce qui a été demandé depuis le serveur lui-même reste valable.

help-bridle-config = La configuration de ce site : la lire, la changer, son histoire
    .examples =
        bridle config get
        bridle config set values.enrolment.replicas 3
        bridle config history
help-bridle-config-get = La configuration, ou une valeur ; les secrets ne sont pas montrés
    .examples =
        bridle config get
        bridle config get services.smtp.host
        bridle config get values.enrolment --json
    .key = Des noms joints par des points [par défaut : tout]
help-bridle-config-set = Définir des valeurs, après avoir montré ce que cela ferait et demandé
    .more =
        Une valeur s’écrit comme en TOML (3, true, ["a", "b"]) ; tout le reste est un texte. Commentaires et ordre du fichier restent.
        Tout revient en arrière de soi-même si une étape échoue ou si la santé ne tient pas ensuite.
    .examples =
        bridle config set values.enrolment.replicas 3
        bridle config set services.dns '["192.0.2.53"]' --yes
    .pairs = Clé et valeur, autant de fois que voulu
    .dry-run = Montrer seulement ce qui serait fait
    .even-in = Le faire dans la période critique de ce nom, bien qu’un service soit interrompu
    .yes = Ne pas demander
    .detach = Commencer sans attendre la fin
help-bridle-config-unset = Retirer des valeurs, pour que celles de la version comptent à nouveau
    .examples = bridle config unset values.enrolment.replicas
    .keys = Des noms joints par des points
    .dry-run = Montrer seulement ce qui serait fait
    .even-in = Le faire dans la période critique de ce nom, bien qu’un service soit interrompu
    .yes = Ne pas demander
    .detach = Commencer sans attendre la fin
help-bridle-config-edit = Changer la configuration dans un éditeur
    .more = L’éditeur est celui de VISUAL ou EDITOR. Ce qui ne peut pas être appliqué revient avec les raisons en tête.
    .examples =
        bridle config edit
        bridle config edit --dry-run
    .dry-run = Montrer seulement ce qui serait fait
    .even-in = Le faire dans la période critique de ce nom, bien qu’un service soit interrompu
    .yes = Ne pas demander
    .detach = Commencer sans attendre la fin
help-bridle-config-validate = Contrôler une configuration selon les règles du site et de chaque chart ; rien n’est changé
    .examples =
        bridle config validate
        bridle config validate new.toml
    .file = Fichier, ou - pour l’entrée standard [par défaut : /etc/bridle/site.toml]
help-bridle-config-diff = Ce qui diffère entre deux configurations
    .more = Sans numéro : entre celle en vigueur et le fichier. Avec un numéro : entre cette révision et le fichier.
    .examples =
        bridle config diff
        bridle config diff 3 5
    .from = Révision d’avant
    .to = Révision d’après [par défaut : le fichier]
help-bridle-config-history = Toutes les configurations qui ont été en vigueur, la plus récente d’abord
    .examples = bridle config history
help-bridle-config-rollback = Remettre en vigueur une configuration antérieure
    .examples = bridle config rollback 3
    .revision = Numéro de la révision
    .dry-run = Montrer seulement ce qui serait fait
    .even-in = Le faire dans la période critique de ce nom, bien qu’un service soit interrompu
    .yes = Ne pas demander
    .detach = Commencer sans attendre la fin
help-bridle-config-apply = Mettre un fichier en vigueur comme configuration
    .examples =
        bridle config apply
        bridle config apply new.toml --yes
    .file = Fichier, ou - pour l’entrée standard [par défaut : /etc/bridle/site.toml, tel que modifié à la main]
    .dry-run = Montrer seulement ce qui serait fait
    .even-in = Le faire dans la période critique de ce nom, bien qu’un service soit interrompu
    .yes = Ne pas demander
    .detach = Commencer sans attendre la fin

help-bridle-config-test = Interroger les services de la fiche du site depuis ce serveur : DNS, heure, courriel, proxy, certificats, journaux
    .more = Seules des questions sont envoyées : ni courriel ni mot de passe.
    .examples = bridle config test
help-bridle-config-secret = Les mots de passe des services du site ; jamais affichés
    .examples =
        bridle config secret list
        bridle config secret set smtp-password --file mot-de-passe.txt
        bridle config secret unset smtp-password
help-bridle-config-secret-set = Définir un mot de passe et le donner aux applications
    .name = Nom : smtp-password ou proxy-password
    .file = Fichier qui contient le mot de passe ; sans lui, l’entrée standard
    .examples =
        bridle config secret set smtp-password --file mot-de-passe.txt
        bridle config secret set proxy-password --yes < mot-de-passe.txt
    .dry-run = Montrer seulement ce qui serait fait
    .even-in = Le faire dans la période critique de ce nom, bien qu’un service soit interrompu
    .yes = Ne pas demander
    .detach = Commencer sans attendre la fin
help-bridle-config-secret-list = Quels mots de passe sont nécessaires, et quand ils ont été définis
    .examples =
        bridle config secret list
        bridle config secret list --json
help-bridle-config-secret-unset = Retirer un mot de passe, ici et des applications
    .name = Nom : smtp-password ou proxy-password
    .examples =
        bridle config secret unset proxy-password
    .dry-run = Montrer seulement ce qui serait fait
    .even-in = Le faire dans la période critique de ce nom, bien qu’un service soit interrompu
    .yes = Ne pas demander
    .detach = Commencer sans attendre la fin
